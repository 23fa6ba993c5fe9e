/**
 * Where results live. A folder is filled under another name and takes its place in one step when it is whole, so that
 * an earlier one is never half-overwritten, whenever the command is stopped.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import path from 'node:path';

/** Every file of a results folder but the charts. */
const FIXED = new Set([
  'summary.csv',
  'trials.csv',
  'costs.csv',
  'stages.csv',
  'scenario.resolved.yaml',
  'validation.csv',
  'prices.csv',
  'run.log.json',
  'manifest.json',
]);

/** Whether vmio wrote `name`; a picture is ours if it stands beside its Vega-Lite specification. */
const isOwn = (name: string, all: readonly string[]): boolean => {
  const chart = name.match(/^(.+)\.(vl\.json|svg|png)$/)?.[1];
  return FIXED.has(name) || (chart !== undefined && all.includes(`${chart}.vl.json`));
};

/** Where an earlier folder waits while another takes its place: there for an instant only. */
const asideOf = (folder: string): string =>
  path.join(path.dirname(folder), `.${path.basename(folder)}.replaced`);

const refusal = (message: string): Error => Object.assign(new Error(message), { code: 'ENOTDIR' });

/** The folder of a scenario's results; a link to one is followed. @throws an Error with a code where a file stands */
export const resultsFolder = (out: string, name: string): string => {
  const folder = path.join(out, name);
  for (const each of [out, folder]) {
    if (existsSync(each) && !statSync(each).isDirectory()) {
      throw refusal(`results cannot go to ${folder}: ${each} is a file; choose another folder with --out`);
    }
  }
  return existsSync(folder) && lstatSync(folder).isSymbolicLink() ? realpathSync(folder) : folder;
};

/** A new folder beside `folder`, for results that are not whole yet: `<name>.partial`, `<name>.partial-2`, … */
export const openPartial = (folder: string): string => {
  mkdirSync(path.dirname(folder), { recursive: true });
  for (let number = 1; ; number++) {
    const partial = `${folder}.partial${number === 1 ? '' : `-${number}`}`;
    try {
      mkdirSync(partial);
      return partial;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
};

/** Fails now rather than after the simulation where results could not be written. */
export const proveWritable = (folder: string): void => rmdirSync(openPartial(folder));

/** Ends a replacement: notes and notebooks that others put beside the results move along; the rest is superseded. */
const finishReplacing = (aside: string, folder: string): void => {
  const names = readdirSync(aside);
  for (const name of names) {
    const target = path.join(folder, name);
    if (!isOwn(name, names) && !existsSync(target)) renameSync(path.join(aside, name), target);
  }
  rmSync(aside, { recursive: true, force: true });
};

/** Puts a whole folder in the place of `folder`. A kill in between leaves what `recover` mends. */
export const replaceFolder = (partial: string, folder: string): void => {
  if (!existsSync(folder)) {
    renameSync(partial, folder);
    return;
  }
  const aside = asideOf(folder);
  renameSync(folder, aside);
  try {
    renameSync(partial, folder);
  } catch (error) {
    renameSync(aside, folder);
    throw error;
  }
  finishReplacing(aside, folder);
};

/** Keeps what an interrupted run has: in `folder` if nothing is there, else where it is. @returns where */
export const keepPartial = (partial: string, folder: string): string => {
  if (existsSync(folder)) return partial;
  renameSync(partial, folder);
  return folder;
};

/** Mends what a run left that was killed while it replaced `folder`. @returns whether the earlier results came back */
export const recover = (folder: string): boolean => {
  const aside = asideOf(folder);
  if (!existsSync(aside)) return false;
  if (existsSync(folder)) {
    finishReplacing(aside, folder);
    return false;
  }
  renameSync(aside, folder);
  return true;
};
