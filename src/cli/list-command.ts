/** `vmio list`: what scenarios, validation cases, profiles, datapaths and metrics there are. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseDocument } from 'yaml';
import { kinds } from '../datapaths/index.ts';
import { METRICS } from '../scenario/metrics.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { fromHere, PROFILES, SCENARIOS, VALIDATION, yamlFiles } from './package-files.ts';

const KINDS = ['scenarios', 'cases', 'profiles', 'datapaths', 'metrics'] as const;
type Kind = (typeof KINDS)[number];

const titled = (folder: string, key: string): [string, string][] =>
  yamlFiles(folder).map((name) => {
    const document = parseDocument(readFileSync(path.join(folder, name), 'utf8'));
    return [name, String(document.get(key) ?? '')];
  });

const entries: Record<Kind, () => [string, string][]> = {
  scenarios: () => titled(SCENARIOS, 'question'),
  cases: () => titled(VALIDATION, 'question'),
  profiles: () => titled(PROFILES, 'title'),
  datapaths: () => kinds.map(({ kind, summary }) => [kind, summary]),
  metrics: () => METRICS.map(({ name, unit, meaning }) => [name, `${meaning} (${unit})`]),
};

/** Where those are that are files. */
const FOLDERS: Partial<Record<Kind, string>> = {
  scenarios: SCENARIOS,
  cases: VALIDATION,
  profiles: PROFILES,
};

export const listCommand = (what: string | undefined): number => {
  if (what !== undefined && !KINDS.includes(what as Kind)) {
    process.stderr.write(`vmio: cannot list "${what}"; there are ${KINDS.join(', ')}\n`);
    return WRONG_INPUT;
  }
  for (const kind of what === undefined ? KINDS : [what as Kind]) {
    const list = entries[kind]();
    const width = Math.max(...list.map(([name]) => name.length));
    process.stdout.write(`${kind}\n`);
    for (const [name, text] of list) process.stdout.write(`  ${name.padEnd(width)}  ${text}\n`);
    const folder = FOLDERS[kind];
    if (folder !== undefined) process.stdout.write(`  in ${fromHere(folder)}${path.sep}\n`);
  }
  return FINE;
};
