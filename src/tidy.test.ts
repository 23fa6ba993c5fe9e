/** The habits of this code base that a machine can check; whoever breaks one is told file and line. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  allFiles,
  type Finding,
  hasValues,
  linesOf,
  longFunctions,
  suspects,
  textOf,
  valueImports,
} from './tree.test-support.ts';

const files = allFiles();
const sources = files.filter((name) => name.startsWith('src/') && name.endsWith('.ts'));
const isTest = (name: string): boolean => /\.test(-support)?\.ts$/.test(name);
const product = sources.filter((name) => !isTest(name));
const inRooms = (...rooms: string[]) => new RegExp(`^src/(${rooms.join('|')})/`);
const CLI = inRooms('cli');

/** `file:line: what` for each finding of each file. */
const told = (names: readonly string[], look: (name: string) => Finding[]): string[] =>
  names.flatMap((name) => look(name).map(({ what, line }) => `${name}:${line}: ${what}`));

/** Where one of the words stands in the text of a file. */
const words =
  (pattern: RegExp) =>
  (name: string): Finding[] =>
    textOf(name)
      .split('\n')
      .flatMap((text, i) => (pattern.test(text) ? [{ what: text.trim().slice(0, 80), line: i + 1 }] : []));

const uses =
  (pattern: RegExp) =>
  (name: string): Finding[] =>
    suspects(name).filter(({ what }) => pattern.test(what));

test('the tree was found', () => {
  expect(product.length).toBeGreaterThan(100);
  expect(files).toContain('scenarios/profiles/server-3ghz.yaml');
});

describe('size', () => {
  /** The event list is one file of parallel typed arrays by design. */
  const most = (name: string): number =>
    isTest(name) ? 800 : name === 'src/kernel/event-list.ts' ? 400 : 280;

  test('no file is longer than 280 lines, no test longer than 800', () => {
    const long = sources.filter((name) => linesOf(textOf(name)) > most(name));
    expect(long.map((name) => `${name}: ${linesOf(textOf(name))} lines`)).toEqual([]);
  });

  // What assembles the bench of a test may need some more.
  test('no function is longer than 76 lines, in a test than 100', () => {
    expect(told(sources, (name) => longFunctions(name, isTest(name) ? 100 : 76))).toEqual([]);
  });
});

describe('calls', () => {
  test('chance comes from the named streams, never from Math.random', () => {
    expect(told(sources, uses(/^Math\.random$/))).toEqual([]);
  });

  test('only the command line knows the date', () => {
    const others = sources.filter((name) => !CLI.test(name));
    expect(told(others, uses(/^(Date\.now|new Date|Date\(\))$/))).toEqual([]);
  });

  test('only the command line looks at a stopwatch', () => {
    const others = sources.filter((name) => !CLI.test(name));
    expect(told(others, uses(/^(performance\.now|process\.(hrtime|cpuUsage))$/))).toEqual([]);
  });

  test('only the command line prints', () => {
    const others = sources.filter((name) => !CLI.test(name));
    expect(told(others, uses(/^(console\.\w+|process\.(stdout|stderr))$/))).toEqual([]);
  });

  test('no cast to any', () => {
    expect(told(sources, uses(/^as any$/))).toEqual([]);
  });

  test('no test is skipped or runs alone', () => {
    const testing = sources.filter((name) => isTest(name));
    expect(told(testing, uses(/^((test|it|describe)\.(skip|only|todo)|xit\(\)|xdescribe\(\))$/))).toEqual([]);
  });
});

describe('names', () => {
  test('no drawer for odds and ends', () => {
    const folders = files.flatMap((name) => path.posix.dirname(name).split('/'));
    const drawers = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'misc', 'shared', 'lib']);
    expect(folders.filter((name) => drawers.has(name))).toEqual([]);
    const named = /(^|\/)(utils?|helpers?|common|misc|types|constants)(\.test)?\.ts$/;
    expect(sources.filter((name) => named.test(name))).toEqual([]);
    expect(sources.filter((name) => /-(v\d+|old|new|copy)\.ts$/.test(name))).toEqual([]);
  });

  test('an index.ts stands only where datapaths are registered', () => {
    const index = sources.filter((name) => path.posix.basename(name) === 'index.ts');
    expect(index.filter((name) => !/^src\/datapaths\/([a-z0-9-]+\/)?index\.ts$/.test(name))).toEqual([]);
  });

  test('files and folders are kebab-case', () => {
    const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.test-support|\.d)?(\.[a-z]+)?$/;
    const parts = sources.flatMap((name) => name.split('/').map((part) => ({ name, part })));
    expect(parts.filter(({ part }) => !kebab.test(part)).map(({ name }) => name)).toEqual([]);
  });
});

describe('leftovers', () => {
  const readable = files.filter((name) => !/\.(png|ttf|woff2?)$|^package-lock\.json$/.test(name));

  test('no marker of unfinished work', () => {
    // Written in pieces, so that this line is none.
    const marker = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`);
    expect(told(readable, words(marker))).toEqual([]);
  });

  test('no path of the machine it was written on', () => {
    const own = new RegExp(['/wo' + 'rk/', '/ho' + 'me/[a-z]', '/ro' + 'ot/', '/Us' + 'ers/'].join('|'));
    expect(told(readable, words(own))).toEqual([]);
  });

  test('no address of a package registry', () => {
    const lockToo = [...readable, ...files.filter((name) => name === 'package-lock.json')];
    const registry = new RegExp(
      `https?://[^\\s"']*(${['regis' + 'try', 'artif' + 'actory', 'ne' + 'xus'].join('|')})`,
    );
    expect(told(lockToo, words(registry))).toEqual([]);
  });
});

describe('tests', () => {
  /** Everything that `from` runs, itself included. */
  const reached = (from: readonly string[]): Set<string> => {
    const known = new Set<string>();
    const waiting = [...from];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (known.has(name) || !sources.includes(name)) continue;
      known.add(name);
      waiting.push(...valueImports(name));
    }
    return known;
  };

  /** The bench of the models is also the contract suite of the datapaths that are made of them. */
  test.each([
    ['kernel', ['kernel']],
    ['models', ['models', 'datapaths']],
  ])('every file of %s runs in a test of %j', (room, benches) => {
    const own = sources.filter((name) => inRooms(room).test(name));
    const tests = sources.filter((name) => inRooms(...benches).test(name) && name.endsWith('.test.ts'));
    const seen = reached(tests);
    const code = own.filter((name) => !isTest(name) && hasValues(name));
    expect(code.length).toBeGreaterThan(5);
    expect(code.filter((name) => !seen.has(name))).toEqual([]);
  });
});

describe('papers', () => {
  const profiles = files.filter((name) => /^scenarios\/profiles\/[^/]+\.yaml$/.test(name));

  test.each(profiles)('every price of %s says where it comes from', (name) => {
    const { costs } = parse(textOf(name)) as { costs: Record<string, { kind?: string; source?: string }> };
    expect(Object.keys(costs).length).toBeGreaterThan(20);
    const bare = Object.entries(costs).filter(
      ([, { kind, source }]) =>
        !['measured', 'published', 'assumed'].includes(kind ?? '') || (source ?? '').trim().length < 10,
    );
    expect(bare.map(([cost]) => cost)).toEqual([]);
  });

  // Whoever cloned the repository has the kernel, the papers and the mailing lists, but no notes of ours.
  test('a source is something that others can look up', () => {
    const papers = files.filter((name) =>
      /^(scenarios\/.*\.yaml|docs\/.*\.md|[A-Z]+\.md|src\/(?!tidy).*\.ts)$/.test(name),
    );
    expect(papers.length).toBeGreaterThan(10);
    expect(told(papers, words(/network-path|processor notes/))).toEqual([]);
  });

  test('a row that a paper names stands in the tables of the validation cases', () => {
    const tables = files.filter((name) => /^scenarios\/validation\/data\/.*\.csv$/.test(name));
    const known = new Set(tables.flatMap((name) => textOf(name).match(/^[MP]\d{3}(?=,)/gm) ?? []));
    expect(known.size).toBeGreaterThan(300);
    const papers = files.filter((name) => /^(scenarios\/.*\.yaml|docs\/.*\.md|[A-Z]+\.md)$/.test(name));
    const named = papers.flatMap((name) =>
      (textOf(name).match(/\b[MP]\d{3}\b/g) ?? []).map((row) => ({ name, row })),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter(({ row }) => !known.has(row))).toEqual([]);
  });

  test('the changelog has a version and says which results changed', () => {
    expect(files).toContain('CHANGELOG.md');
    const text = textOf('CHANGELOG.md');
    expect(text).toMatch(/^## \[?(Unreleased|\d+\.\d+\.\d+)/m);
    expect(text).toMatch(/^#{2,4} Results changed/m);
  });
});
