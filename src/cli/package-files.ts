/** Files that come with the package: shipped scenarios and machine profiles. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const SCENARIOS = fileURLToPath(new URL('../../scenarios/', import.meta.url));
export const PROFILES = fileURLToPath(new URL('../../scenarios/profiles/', import.meta.url));

/** Cases of `vmio validate`. */
export const VALIDATION = fileURLToPath(new URL('../../scenarios/validation/', import.meta.url));

/** As a user in the working folder would write it. */
export const fromHere = (folder: string): string => path.relative('', folder) || '.';

/** The shipped scenario that a file name, its ending left out or not, means; null if there is none. */
export const shippedScenario = (name: string): string | null => {
  const file = `${path.basename(name).replace(/\.ya?ml$/, '')}.yaml`;
  return yamlFiles(SCENARIOS).includes(file) ? path.join(fromHere(SCENARIOS), file) : null;
};

export const yamlFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
