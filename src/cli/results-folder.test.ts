/** A results folder changes in one step, and a kill at any moment costs no earlier results. */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { workspace } from '../scenario/workspace.test-support.ts';
import {
  keepPartial,
  openPartial,
  proveWritable,
  recover,
  replaceFolder,
  resultsFolder,
} from './results-folder.ts';

const { folder: base } = workspace();
let count = 0;

/** An output folder of its own with, where given, earlier results. */
const out = (earlier?: readonly string[]): { out: string; folder: string } => {
  const own = path.join(base, `out${count++}`);
  const folder = path.join(own, 'tiny');
  if (earlier !== undefined) fill(folder, earlier, 'old');
  return { out: own, folder };
};

const fill = (folder: string, names: readonly string[], text: string): void => {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(path.join(folder, name), text);
};

const textsIn = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]),
  );

const CHART = ['cycles.png', 'cycles.svg', 'cycles.vl.json'];

describe('whole results', () => {
  test('take the place of nothing', () => {
    const { out: own, folder } = out();
    const partial = openPartial(folder);
    fill(partial, ['summary.csv'], 'new');
    replaceFolder(partial, folder);
    expect(readdirSync(own)).toEqual(['tiny']);
    expect(textsIn(folder)).toEqual({ 'summary.csv': 'new' });
  });

  test('take the place of earlier ones; charts that are no more go, notes of others stay', () => {
    const { out: own, folder } = out(['summary.csv', 'stages.csv', ...CHART, 'notes.md', 'photo.png']);
    const partial = openPartial(folder);
    fill(partial, ['summary.csv', 'manifest.json'], 'new');
    replaceFolder(partial, folder);
    expect(readdirSync(own)).toEqual(['tiny']);
    expect(textsIn(folder)).toEqual({
      'manifest.json': 'new',
      'notes.md': 'old',
      'photo.png': 'old',
      'summary.csv': 'new',
    });
  });

  test('that cannot take the place leave both where they are', () => {
    const { folder } = out(['summary.csv']);
    expect(() => replaceFolder(`${folder}.partial`, folder)).toThrow(/ENOENT/);
    expect(textsIn(folder)).toEqual({ 'summary.csv': 'old' });
  });

  test('go where a link points', () => {
    const { out: own, folder } = out();
    const real = path.join(base, `elsewhere${count}`);
    fill(real, ['summary.csv'], 'old');
    mkdirSync(own);
    symlinkSync(real, folder);
    const target = resultsFolder(own, 'tiny');
    const partial = openPartial(target);
    fill(partial, ['summary.csv'], 'new');
    replaceFolder(partial, target);
    expect(textsIn(real)).toEqual({ 'summary.csv': 'new' });
    expect(textsIn(folder)).toEqual({ 'summary.csv': 'new' });
  });
});

describe('a kill while results are replaced', () => {
  const aside = (folder: string): string => path.join(path.dirname(folder), '.tiny.replaced');

  test('before the new ones are in place: the old ones come back', () => {
    const { out: own, folder } = out(['summary.csv']);
    fill(`${folder}.partial`, ['summary.csv'], 'new');
    renameSync(folder, aside(folder));
    expect(recover(folder)).toBe(true);
    expect(textsIn(folder)).toEqual({ 'summary.csv': 'old' });
    expect(readdirSync(own).sort()).toEqual(['tiny', 'tiny.partial']);
  });

  test('after the new ones are in place: the rest is done', () => {
    const { out: own, folder } = out(['summary.csv']);
    fill(aside(folder), ['summary.csv', 'stages.csv', 'notes.md'], 'older');
    expect(recover(folder)).toBe(false);
    expect(textsIn(folder)).toEqual({ 'notes.md': 'older', 'summary.csv': 'old' });
    expect(readdirSync(own)).toEqual(['tiny']);
  });

  test('that never was: nothing changes', () => {
    const { folder } = out(['summary.csv']);
    expect(recover(folder)).toBe(false);
    expect(textsIn(folder)).toEqual({ 'summary.csv': 'old' });
  });
});

describe('results that are not whole', () => {
  test('become the results where there are none', () => {
    const { out: own, folder } = out();
    expect(keepPartial(openPartial(folder), folder)).toBe(folder);
    expect(readdirSync(own)).toEqual(['tiny']);
  });

  test('stay beside earlier ones, each under a name of its own', () => {
    const { folder } = out(['summary.csv']);
    const kept = [1, 2, 3].map(() => keepPartial(openPartial(folder), folder));
    expect(kept).toEqual([`${folder}.partial`, `${folder}.partial-2`, `${folder}.partial-3`]);
    expect(textsIn(folder)).toEqual({ 'summary.csv': 'old' });
  });
});

describe('a place', () => {
  test('that takes results is left as it was', () => {
    const { out: own, folder } = out(['summary.csv']);
    proveWritable(folder);
    expect(readdirSync(own)).toEqual(['tiny']);
  });

  test('that is a file is refused by name', () => {
    const { out: own, folder } = out();
    writeFileSync(own, '');
    expect(() => resultsFolder(own, 'tiny')).toThrow(`${own} is a file; choose another folder with --out`);
    expect(() => proveWritable(folder)).toThrow(/tiny|out/);
    expect(existsSync(folder)).toBe(false);
  });
});
