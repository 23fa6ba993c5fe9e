/** Version of this package, and of the layout of its results. */
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
export const VERSION = manifest.version;
/** Raised when a column or file of the results folder changes its meaning. */
export const RESULTS_SCHEMA = 1;
