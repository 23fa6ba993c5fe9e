/** Which code simulates: the version of the package, and what its files say, so that no trial of another one is taken for its own. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from './version.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

export const codeVersion = (): string => {
  const hash = createHash('sha256').update(VERSION);
  const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.[jt]s$/.test(name) && !/\.test(-support)?\.ts$/.test(name))
    .sort();
  for (const file of files) hash.update(file).update(readFileSync(path.join(ROOT, file)));
  return hash.digest('hex');
};
