/** The import rules of rooms.cjs: kept by the source, and seen to bite on a small tree that breaks each of them. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

interface Cruise {
  readonly modules: readonly { readonly source: string }[];
  readonly summary: { readonly violations: readonly Violation[] };
}

/** A process on a busy machine, ms. */
const SLOW = 120_000;
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEPCRUISE = path.join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
const { forbidden } = createRequire(import.meta.url)(path.join(ROOT, 'rooms.cjs')) as {
  forbidden: readonly { readonly name: string }[];
};

/** With the JSON reporter the exit status stays 0, whatever is found. */
const cruise = (folder: string): Cruise => {
  const options = ['--config', 'rooms.cjs', '--output-type', 'json', 'src'];
  const text = execFileSync(process.execPath, [DEPCRUISE, ...options], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return JSON.parse(text) as Cruise;
};

const found = ({ summary }: Cruise): string[] =>
  summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort();

describe('the source tree', () => {
  let whole: Cruise;
  beforeAll(() => {
    whole = cruise(ROOT);
  }, SLOW);

  test('breaks no rule', () => {
    expect(found(whole)).toEqual([]);
  });

  // With a TypeScript that it does not know, dependency-cruiser sees no module and no violation either.
  test('is really looked at', () => {
    const own = whole.modules.filter(({ source }) => /^src\/.*\.ts$/.test(source));
    expect(own.length).toBeGreaterThan(50);
    expect(own.map(({ source }) => source)).toContain('src/models/host/vhost.ts');
  });
});

/** One file each, and which rule its import breaks; the imported files import nothing. */
const PLANTED: readonly (readonly [rule: string, from: string, to: string])[] = [
  ['units-imports-only-inwards', 'src/units.ts', 'src/kernel/clean.ts'],
  ['kernel-imports-only-inwards', 'src/kernel/outward.ts', 'src/models/host/clean.ts'],
  ['accounting-imports-only-inwards', 'src/accounting/outward.ts', 'src/models/guest/clean.ts'],
  ['models-imports-only-inwards', 'src/models/host/outward.ts', 'src/datapaths/clean.ts'],
  ['datapaths-imports-only-inwards', 'src/datapaths/outward.ts', 'src/scenario/clean.ts'],
  ['scenario-imports-only-inwards', 'src/scenario/outward.ts', 'src/experiment/clean.ts'],
  ['experiment-imports-only-inwards', 'src/experiment/outward.ts', 'src/report/clean.ts'],
  ['validation-imports-only-inwards', 'src/validation/outward.ts', 'src/report/clean.ts'],
  ['report-imports-only-inwards', 'src/report/outward.ts', 'src/cli/clean.ts'],
  ['guest-and-host-never-meet', 'src/models/guest/sees-host.ts', 'src/models/host/clean.ts'],
  ['guest-and-host-never-meet', 'src/models/host/sees-guest.ts', 'src/models/guest/clean.ts'],
  ['hardware-and-virtio-stand-alone', 'src/models/virtio/sees.ts', 'src/models/hardware/clean.ts'],
  ['hardware-and-virtio-stand-alone', 'src/models/hardware/sees.ts', 'src/models/virtio/clean.ts'],
  ['the-engine-has-no-run-time-dependency', 'src/kernel/sees-npm.ts', 'zod'],
  ['the-engine-has-no-run-time-dependency', 'src/accounting/sees-dev.ts', 'fast-check'],
  ['the-engine-has-no-run-time-dependency', 'src/accounting/sees-unlisted.ts', 'unlisted'],
  ['the-engine-has-no-run-time-dependency', 'src/models/linux/sees-node.ts', 'node:fs'],
  ['report-sees-results-only', 'src/report/sees-kernel.ts', 'src/kernel/clean.ts'],
  ['report-sees-results-only', 'src/report/sees-models.ts', 'src/models/guest/clean.ts'],
  ['no-cycles', 'src/kernel/about.ts', 'src/kernel/round.ts'],
];
const PACKAGES = ['zod', 'fast-check', 'unlisted'];

/** As it stands in an import statement: relative for our own files, bare for packages. */
const specifier = (from: string, to: string): string =>
  to.startsWith('src/') ? path.posix.relative(path.posix.dirname(from), to).replace(/^(?!\.)/, './') : to;

const plant = (folder: string): void => {
  const put = (name: string, text: string): void => {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  };
  for (const name of ['rooms.cjs', 'tsconfig.json']) cpSync(path.join(ROOT, name), path.join(folder, name));
  const [listed, dev] = PACKAGES;
  put(
    'package.json',
    JSON.stringify({ type: 'module', dependencies: { [listed]: '1' }, devDependencies: { [dev]: '1' } }),
  );
  for (const name of PACKAGES) {
    put(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    put(`node_modules/${name}/index.js`, 'module.exports = {};\n');
  }
  for (const [, , to] of PLANTED) if (to.endsWith('/clean.ts')) put(to, 'export const value = 1;\n');
  for (const [, from, to] of PLANTED) {
    put(from, `import type * as other from '${specifier(from, to)}';\nexport type Other = typeof other;\n`);
  }
  put('src/kernel/round.ts', "export type { Other } from './about.ts';\n");
  // Allowed: inwards, to a neighbour of the same room, and from a test to whatever it tests with.
  put('src/models/host/fine.ts', "export { value } from '../virtio/clean.ts';\n");
  put('src/datapaths/fine.ts', "export { value } from '../models/guest/clean.ts';\n");
  put('src/report/fine.ts', "export { value } from '../experiment/clean.ts';\n");
  put('src/kernel/fine.test.ts', "import 'node:fs';\nexport { value } from '../models/host/clean.ts';\n");
};

describe('a small tree that breaks every rule', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vmio-rooms-'));
  let planted: Cruise;
  beforeAll(() => {
    plant(folder);
    planted = cruise(folder);
  }, SLOW);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(PLANTED)('%s catches %s importing %s', (rule, from, to) => {
    const caught = planted.summary.violations.filter((violation) => violation.from === from);
    expect(caught.map((violation) => violation.rule.name)).toContain(rule);
    const target = to.replace(/^node:/, '');
    expect(caught.some((violation) => violation.to.includes(target))).toBe(true);
  });

  test('has a violation for every rule there is, and none in the files that keep them', () => {
    const broken = new Set(planted.summary.violations.map(({ rule }) => rule.name));
    expect([...broken].sort()).toEqual(forbidden.map(({ name }) => name).sort());
    expect(found(planted).filter((line) => line.includes('fine'))).toEqual([]);
  });
});
