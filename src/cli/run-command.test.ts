/** `vmio run` in a process of its own: what it writes, prints and ends with. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readCsv } from '../report/csv.ts';
import { COSTS, STAGES, SUMMARY, TRIALS } from '../report/layout.ts';
import { changed, placeOf, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { hashes, otherNode, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
const TINY = changed(SHORT, 'measure: 2 ms', 'measure: 1 ms');
write(TINY, 'tiny.yaml');
const SWEPT = `${TINY}sweep: { workloads.bulk.rate: [20 k/s, 40 k/s] }\n`;
write(SWEPT, 'swept.yaml');

const inFolder = (...names: string[]): string => path.join(folder, ...names);
const read = (...names: string[]): string => readFileSync(inFolder(...names), 'utf8');

describe('a run', () => {
  const ended = vmio(folder, ['run', 'tiny.yaml']);
  const charts = readdirSync(inFolder('results/tiny')).filter((name) => name.endsWith('.vl.json'));

  test('ends with 0 and says what it wrote', () => {
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toMatch(/^tiny {3}1 point × 2 datapaths/);
    expect(ended.stdout).toContain(`wrote results${path.sep}tiny${path.sep}: summary.csv, trials.csv`);
  });

  test('writes the files of a results folder, and leaves no other', () => {
    const fixed = ['costs.csv', 'manifest.json', 'run.log.json', 'scenario.resolved.yaml'];
    const tables = ['stages.csv', 'summary.csv', 'trials.csv'];
    const names = readdirSync(inFolder('results/tiny'));
    expect(names.filter((name) => !/\.(vl\.json|svg|png)$/.test(name)).sort()).toEqual([...fixed, ...tables]);
    expect(readdirSync(inFolder('results'))).toEqual(['tiny']);
    expect(charts.length).toBeGreaterThan(2);
    for (const chart of charts) {
      for (const ending of ['.svg', '.png']) expect(names).toContain(chart.replace('.vl.json', ending));
      expect(JSON.parse(read('results/tiny', chart))).toHaveProperty('title');
    }
  });

  test('writes tidy CSV with the columns of the design', () => {
    const text = read('results/tiny/summary.csv');
    expect(text.split('\n')[0]).toBe(
      'scenario,datapath,vm,workload,metric,component,statistic,unit,value,ci_low,ci_high,replications,verdict',
    );
    const summary = readCsv(SUMMARY, text);
    expect(new Set(summary.map(({ datapath }) => datapath))).toEqual(new Set(['native', 'vhost-net']));
    expect(new Set(summary.map(({ scenario }) => scenario))).toEqual(new Set(['tiny']));
    expect(new Set(summary.map(({ replications }) => replications))).toEqual(new Set([2]));
    const trials = readCsv(TRIALS, read('results/tiny/trials.csv'));
    expect(new Set(trials.map(({ replication }) => replication))).toEqual(new Set([1, 2]));
    expect(readCsv(COSTS, read('results/tiny/costs.csv')).length).toBeGreaterThan(10);
    expect(readCsv(STAGES, read('results/tiny/stages.csv')).length).toBeGreaterThan(10);
  });

  test('writes a manifest that names versions, command, seed, inputs, hashes and warm-up', () => {
    const manifest = JSON.parse(read('results/tiny/manifest.json'));
    expect(manifest).toMatchObject({ command: 'vmio run tiny.yaml', seed: 1, complete: true });
    expect(manifest.vmio).toMatch(/^\d+\.\d+\.\d+$/);
    expect(Object.keys(manifest.inputs)).toEqual(['scenario', 'profiles/server-3ghz.yaml']);
    const written = hashes(inFolder('results/tiny'));
    for (const [name, hash] of Object.entries(manifest.files)) expect(written[name]).toBe(hash);
    expect(manifest.points).toHaveLength(2);
    expect(manifest.points[0]).toMatchObject({
      datapath: 'native',
      warmUp: { us: 200, how: 'given', tooLate: [] },
      replications: 2,
    });
  });

  test('keeps what may differ to the log', () => {
    const log = JSON.parse(read('results/tiny/run.log.json'));
    expect(log.node).toBe(process.version);
    expect(log.arguments).toEqual(['run', 'tiny.yaml']);
    const others = readdirSync(inFolder('results/tiny')).filter((name) => /\.(csv|json|yaml)$/.test(name));
    for (const name of others.filter((name) => name !== 'run.log.json')) {
      expect(read('results/tiny', name)).not.toContain(folder);
      expect(read('results/tiny', name)).not.toContain(process.version);
    }
  });

  test('of the resolved scenario gives the same figures', () => {
    write(read('results/tiny/scenario.resolved.yaml'), 'again/tiny.yaml');
    for (const name of readdirSync(inFolder('profiles')))
      write(read('profiles', name), `again/profiles/${name}`);
    expect(vmio(inFolder('again'), ['run', 'tiny.yaml', '--no-charts']).status).toBe(0);
    for (const name of ['summary.csv', 'trials.csv', 'costs.csv', 'stages.csv', 'scenario.resolved.yaml']) {
      expect(read('again/results/tiny', name)).toBe(read('results/tiny', name));
    }
  });

  test('writes the same bytes when it is repeated, and into another folder', () => {
    const first = hashes(inFolder('results/tiny'));
    expect(vmio(folder, ['run', 'tiny.yaml', '--quiet']).status).toBe(0);
    expect(hashes(inFolder('results/tiny'))).toEqual(first);
    expect(vmio(folder, ['run', 'tiny.yaml', '--out', 'else/where']).status).toBe(0);
    expect(hashes(inFolder('else/where/tiny'))).toEqual(first);
  });

  test('writes the same CSV, YAML and JSON under another version of Node', (context) => {
    const other = otherNode();
    if (other === null) return context.skip('only one version of Node on this machine');
    const { status, stderr } = vmio(folder, ['run', 'tiny.yaml', '--out', 'other'], other.file);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(JSON.parse(read('other/tiny/run.log.json')).node).toBe(other.version);
    const text = (all: Record<string, string>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => /\.(csv|yaml|json)$/.test(name)));
    expect(text(hashes(inFolder('other/tiny')))).toEqual(text(hashes(inFolder('results/tiny'))));
  });

  test('with another seed, or another name for a workload, gives other figures', () => {
    expect(vmio(folder, ['run', 'tiny.yaml', '--seed', '2', '--out', 'seed', '--no-charts']).status).toBe(0);
    expect(read('seed/tiny/trials.csv')).not.toBe(read('results/tiny/trials.csv'));
    expect(JSON.parse(read('seed/tiny/manifest.json'))).toMatchObject({
      command: 'vmio run tiny.yaml --seed 2',
      seed: 2,
    });
  });
});

describe('options', () => {
  test('--json prints one object a line and nothing else', () => {
    const { status, stdout } = vmio(folder, ['run', 'tiny.yaml', '--json', '--no-charts', '--out', 'json']);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    const rows = lines.map((line) => JSON.parse(line));
    expect(rows).toEqual(readCsv(SUMMARY, read('json/tiny/summary.csv')));
  });

  test('--quiet prints nothing', () => {
    const { status, stdout, stderr } = vmio(folder, [
      'run',
      'tiny.yaml',
      '--quiet',
      '--no-charts',
      '--out',
      'q',
    ]);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    expect(existsSync(inFolder('q/tiny/summary.csv'))).toBe(true);
  });

  test('--no-charts writes no pictures, nor leaves those of an earlier run', () => {
    expect(vmio(folder, ['run', 'tiny.yaml', '--quiet', '--out', 'charts']).status).toBe(0);
    expect(readdirSync(inFolder('charts/tiny')).join()).toMatch(/\.svg/);
    expect(vmio(folder, ['run', 'tiny.yaml', '--quiet', '--no-charts', '--out', 'charts']).status).toBe(0);
    expect(readdirSync(inFolder('charts/tiny')).join()).not.toMatch(/\.(svg|png|vl\.json)/);
  });

  test('--dry-run says what would be run and writes nothing', () => {
    const { status, stdout } = vmio(folder, ['run', 'swept.yaml', '--dry-run', '--out', 'dry']);
    expect(status).toBe(0);
    expect(stdout.split('\n').filter((line) => line.startsWith('  '))).toEqual([
      '  workloads.bulk.rate 20 k/s: native, vhost-net',
      '  workloads.bulk.rate 40 k/s: native, vhost-net',
      expect.stringMatching(/^ {2}8 trials, about [0-9.]+ s on \d workers?$/),
    ]);
    expect(existsSync(inFolder('dry'))).toBe(false);
  });

  test('--set and --sweep reach the rows and the manifest', () => {
    const option = ['--set', 'workloads.rpc.think=3 us', '--sweep', 'workloads.bulk.rate=[10 k/s, 30 k/s]'];
    const { status } = vmio(folder, [
      'run',
      'swept.yaml',
      ...option,
      '--quiet',
      '--no-charts',
      '--out',
      'set',
    ]);
    expect(status).toBe(0);
    const rows = readCsv(SUMMARY, read('set/swept/summary.csv'));
    expect(new Set(rows.map(({ swept }) => swept['workloads.bulk.rate']))).toEqual(
      new Set(['10 k/s', '30 k/s']),
    );
    expect(parse(read('set/swept/scenario.resolved.yaml')).workloads.rpc.think).toBe('3 us');
    expect(JSON.parse(read('set/swept/manifest.json')).command).toBe(
      "vmio run swept.yaml --set 'workloads.rpc.think=3 us' --sweep 'workloads.bulk.rate=[10 k/s, 30 k/s]'",
    );
  });

  test('--dry-run and the headline count the datapaths that each case has of its own', () => {
    const cases =
      'cases: { all: {}, one: { datapaths: [native] }, fewer: { datapaths: [vhost-net, native] } }';
    write(`${TINY}${cases}\n`, 'cases.yaml');
    const dry = vmio(folder, ['run', 'cases.yaml', '--dry-run']);
    expect(dry.stdout).toMatch(/^cases {3}3 points × 1 to 2 datapaths = 5, at least 2 replications each/);
    const { stdout } = vmio(folder, ['run', 'cases.yaml', '--no-charts']);
    expect(stdout.split('\n')[0]).toBe(dry.stdout.split('\n')[0]);
    expect(stdout).toMatch(/^10 trials in /m);
    expect(JSON.parse(read('results/cases/manifest.json')).points).toHaveLength(5);
  });

  test('several scenarios get a folder each', () => {
    const { status } = vmio(folder, [
      'run',
      'tiny.yaml',
      'swept.yaml',
      '--quiet',
      '--no-charts',
      '--out',
      'two',
    ]);
    expect(status).toBe(0);
    expect(readdirSync(inFolder('two')).sort()).toEqual(['swept', 'tiny']);
    expect(read('two/tiny/trials.csv')).toBe(read('results/tiny/trials.csv'));
  });
});

describe('an expectation', () => {
  const expecting = (test: string): string =>
    `${TINY}expect: [{ metric: exits.device, datapath: native, ${test}, because: bare metal has no VM and no exits }]\n`;

  test('that holds ends with 0', () => {
    write(expecting('equals: 0'), 'holds.yaml');
    const { status, stdout } = vmio(folder, ['run', 'holds.yaml', '--no-charts']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^held .* 0$/m);
    expect(stdout).toContain('because bare metal has no VM and no exits');
    expect(stdout).toContain('1 expectation held, 0 failed');
  });

  test('that fails ends with 1, and the results are written all the same', () => {
    write(expecting('above: 1'), 'fails.yaml');
    const { status, stdout } = vmio(folder, ['run', 'fails.yaml', '--no-charts']);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^FAILED .*: 0, but expected above 1$/m);
    expect(stdout).toContain('0 expectations held, 1 failed');
    expect(existsSync(inFolder('results/fails/summary.csv'))).toBe(true);
  });

  test('that fails is told on standard error where standard output is silent or JSON', () => {
    const quiet = vmio(folder, ['run', 'fails.yaml', '--quiet', '--no-charts']);
    expect(quiet).toMatchObject({ status: 1, stdout: '' });
    expect(quiet.stderr).toMatch(/FAILED .*exits\.device/);
    const json = vmio(folder, ['run', 'fails.yaml', '--json', '--no-charts']);
    expect(json.status).toBe(1);
    for (const line of json.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('metric');
    expect(json.stderr).toMatch(/FAILED .*exits\.device/);
  });

  test('that fails in one scenario fails the whole command', () => {
    expect(vmio(folder, ['run', 'fails.yaml', 'holds.yaml', '--quiet', '--no-charts']).status).toBe(1);
  });

  // A packet takes 1 ms of the processor and 20,000 come in a second.
  test('is missing for a point that saturates: ends with 1', () => {
    write(
      `${changed(TINY, 'measure: 1 ms', 'measure: 20 ms')}costs: { stack.tx: { ns: 1000000 } }\n`,
      'full.yaml',
    );
    const { status, stdout } = vmio(folder, [
      'run',
      'full.yaml',
      '--no-charts',
      '--set',
      'run.replications=5',
    ]);
    expect(status).toBe(1);
    expect(stdout).toMatch(
      /FAILED {2}saturated, which the scenario does not expect: native, bulk: saturated/,
    );
  });
});

describe('wrong input', () => {
  const wrong = ['titel: Short', 'vcup: 0', 'rate: 20 kps', 'measure: 1'] as const;
  let text = TINY;
  ['title: Short', 'vcpus: [0]', 'rate: 20 k/s', 'measure: 1 ms'].forEach((right, i) => {
    text = changed(text, right, wrong[i]);
  });
  write(text, 'wrong.yaml');

  test('ends with 2, tells every mistake with its place, and runs nothing', () => {
    const { status, stdout, stderr } = vmio(folder, ['run', 'wrong.yaml', '--out', 'wrong']);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    // The misspelt key also leaves one missing.
    expect(stderr).toMatch(/5 mistakes; nothing was run\n$/);
    for (const what of [wrong[0], wrong[1], '20 kps', '1, warmUp']) {
      expect(stderr).toMatch(new RegExp(`^wrong\\.yaml:${placeOf(text, what)}: `, 'm'));
    }
    expect(existsSync(inFolder('wrong'))).toBe(false);
  });

  test('in one of two scenarios runs neither', () => {
    const { status, stdout } = vmio(folder, ['run', 'tiny.yaml', 'wrong.yaml', '--out', 'wrong']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(existsSync(inFolder('wrong'))).toBe(false);
  });

  test.each([
    ['a file that is not there', ['run', 'none.yaml'], /none\.yaml: cannot be read/],
    ['a misspelt command', ['rnu', 'tiny.yaml'], /unknown command 'rnu'\n\(Did you mean run\?\)/],
    [
      'a misspelt option',
      ['run', 'tiny.yaml', '--seeed', '1'],
      /unknown option '--seeed'\n\(Did you mean --seed\?\)/,
    ],
    ['no scenario', ['run'], /missing required argument 'scenario'/],
    ['no command', [], /Usage: vmio/],
    ['a number of jobs that is none', ['run', 'tiny.yaml', '--jobs', '0'], /whole number from 1 to 1024/],
    ['a seed that is none', ['run', 'tiny.yaml', '--seed', '-1'], /whole number from 0 to 4294967295/],
    ['a seed that is no number', ['run', 'tiny.yaml', '--seed', 'x'], /whole number/],
    [
      'a path that is none',
      ['run', 'tiny.yaml', '--set', 'workloads.blk.rate=1 k/s'],
      /did you mean "workloads\.bulk"/,
    ],
    [
      'a list that is none',
      ['list', 'everything'],
      /there are scenarios, cases, profiles, datapaths, metrics/,
    ],
    ['a schema of nothing', ['schema', '--of', 'nothing'], /Allowed choices are scenario, profile/],
    ['two scenarios of one name', ['run', 'tiny.yaml', 'again/tiny.yaml'], /two scenarios are called "tiny"/],
  ])('%s ends with 2', (_, args, message) => {
    const { status, stderr } = vmio(folder, args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test('a folder that cannot be written ends with 2 before anything is run, and says which', () => {
    const { status, stdout, stderr } = vmio(folder, ['run', 'tiny.yaml', '--out', 'tiny.yaml']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('tiny.yaml is a file; choose another folder with --out');
  });
});

test('a spent budget ends with 1 and says what to do', () => {
  const { status, stderr } = vmio(folder, ['run', 'tiny.yaml', '--no-charts', '--set', 'run.maxEvents=500']);
  expect(status).toBe(1);
  expect(stderr).toMatch(/budget of 500 events/);
  expect(stderr).toMatch(/raise run\.maxEvents/);
});
