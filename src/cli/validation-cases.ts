/** Which cases `vmio validate` runs: shipped ones by name, files, and folders of files. */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { formatMistake } from '../scenario/text/mistake.ts';
import { type Case, caseOf } from '../validation/load-case.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { fromHere, VALIDATION, yamlFiles } from './package-files.ts';

/** The kernel's stations, which need no scenario. */
export const STATIONS = 'stations';

const inFolder = (folder: string): string[] => yamlFiles(folder).map((name) => path.join(folder, name));

const filesOf = (name: string): string[] => {
  if (existsSync(name)) return statSync(name).isDirectory() ? inFolder(name) : [name];
  const shipped = `${name.replace(/\.ya?ml$/, '')}.yaml`;
  return yamlFiles(VALIDATION).includes(shipped) ? [path.join(fromHere(VALIDATION), shipped)] : [name];
};

export interface Agenda {
  readonly stations: boolean;
  readonly cases: readonly Case[];
}

/** @param names all that is shipped where empty. @returns null after the mistakes were printed. */
export const agendaOf = (names: readonly string[]): Agenda | null => {
  const files = names.length === 0 ? inFolder(fromHere(VALIDATION)) : names.filter(isCase).flatMap(filesOf);
  const scenarios = loadOrExplain([...new Set(files)], {});
  if (scenarios === null) return null;
  const read = scenarios.map(caseOf);
  const mistakes = read.flatMap((each) => ('mistakes' in each ? each.mistakes : []));
  for (const mistake of mistakes) process.stderr.write(`${formatMistake(mistake)}\n`);
  const cases = read.flatMap((each) => ('mistakes' in each ? [] : [each]));
  const called = cases.map(({ loaded }) => loaded.name);
  const twice = called.find((name, i) => name === STATIONS || called.indexOf(name) < i);
  if (twice !== undefined) process.stderr.write(`vmio: two cases are called "${twice}"\n`);
  const stations = names.length === 0 || names.includes(STATIONS);
  const nothing = cases.length === 0 && !stations && mistakes.length === 0;
  if (nothing) process.stderr.write(`vmio: there is no case in ${names.join(', ')}\n`);
  if (mistakes.length > 0 || twice !== undefined || nothing) return null;
  return { stations, cases: cases.toSorted(byKind) };
};

const KINDS: readonly string[] = ['theory', 'counted', 'published'];

const byKind = (a: Case, b: Case): number =>
  KINDS.indexOf(a.reference.kind) - KINDS.indexOf(b.reference.kind);

const isCase = (name: string): boolean => name !== STATIONS;
