/** Files that come with the package: shipped scenarios and machine profiles. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const SCENARIOS = fileURLToPath(new URL('../../scenarios/', import.meta.url));
export const PROFILES = fileURLToPath(new URL('../../scenarios/profiles/', import.meta.url));

export const yamlFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort();
