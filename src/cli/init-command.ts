/** `vmio init`: a first scenario, the profile it runs on, and the schemas for the editor. */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { SCENARIOS } from './package-files.ts';

const FILES: readonly (readonly [from: string, to: string])[] = [
  ['network-datapaths.yaml', 'first.yaml'],
  ['scenario.schema.json', 'scenario.schema.json'],
  ['profile.schema.json', 'profile.schema.json'],
  ['profiles/server-3ghz.yaml', 'profiles/server-3ghz.yaml'],
];

export const initCommand = (dir: string): number => {
  const there = FILES.map(([, to]) => path.join(dir, to)).filter((file) => existsSync(file));
  if (there.length > 0) {
    process.stderr.write(
      `vmio: ${there.join(', ')} ${there.length === 1 ? 'exists' : 'exist'} already; nothing was written\n`,
    );
    return WRONG_INPUT;
  }
  for (const [from, to] of FILES) {
    const target = path.join(dir, to);
    mkdirSync(path.dirname(target), { recursive: true });
    copyFileSync(path.join(SCENARIOS, from), target);
    process.stdout.write(`wrote ${target}\n`);
  }
  process.stdout.write(`next: vmio run ${path.join(dir, 'first.yaml')}\n`);
  return FINE;
};
