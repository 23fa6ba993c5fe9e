/** `vmio replay` repeats one trial of a run, as the command that an error message prints would. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../report/csv.ts';
import { TRIALS } from '../report/layout.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { replayOf } from './load-or-explain.ts';
import { vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
write(
  `${changed(SHORT, 'measure: 2 ms', 'measure: 1 ms')}sweep: { workloads.bulk.rate: [20 k/s, 40 k/s] }\n`,
);
const OPTIONS = { set: ['workloads.rpc.think=3 us'], seed: 4 };
const OPTION_WORDS = ['--set', OPTIONS.set[0], '--seed', '4'];

/** The words of a command as a shell would split it. */
const words = (command: string): string[] =>
  [...command.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare);

describe('a replayed trial', () => {
  const run = vmio(folder, ['run', 'short.yaml', ...OPTION_WORDS, '--quiet', '--no-charts']);
  const trials = readCsv(TRIALS, readFileSync(path.join(folder, 'results/short/trials.csv'), 'utf8'));

  test.each([
    ['native', 1, 0, '20 k/s'],
    ['vhost-net', 2, 1, '40 k/s'],
  ])('on %s, replication %i of point %i, has the rows of the run', (datapath, replication, point, rate) => {
    expect(run).toEqual({ status: 0, stdout: '', stderr: '' });
    const [command, ...args] = words(replayOf('short.yaml', OPTIONS, { datapath, replication, point }));
    expect(command).toBe('vmio');
    const { status, stdout, stderr } = vmio(folder, args);
    expect(status).toBe(0);
    expect(stderr).toMatch(/^\d+ events; the books close\n$/);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const same = trials
      .filter((row) => row.datapath === datapath && row.replication === replication)
      .filter(({ swept }) => swept['workloads.bulk.rate'] === rate)
      .map(({ vm, workload, metric, component, statistic, unit, value }) => ({
        ...{ vm, workload, metric, component, statistic, unit, value },
      }));
    expect(same.length).toBeGreaterThan(20);
    expect(rows).toEqual(same);
  });

  test('number 0 is the pilot', () => {
    const { status, stdout } = vmio(folder, [
      'replay',
      'short.yaml',
      '--datapath',
      'native',
      '--replication',
      '0',
    ]);
    expect(status).toBe(0);
    expect(stdout).toBe('the pilot ran to its end; its books close\n');
  });

  test.each([
    [
      'a point that is not there',
      ['--datapath', 'native', '--replication', '1', '--point', '2'],
      /points 0 to 1, not 2/,
    ],
    [
      'a datapath that is not run',
      ['--datapath', 'sriov', '--replication', '1'],
      /runs native, vhost-net, not sriov/,
    ],
    ['no datapath', ['--replication', '1'], /required option '--datapath/],
    ['no replication', ['--datapath', 'native'], /required option '--replication/],
    ['a replication that is no number', ['--datapath', 'native', '--replication', 'one'], /whole number/],
  ])('%s ends with 2', (_, args, message) => {
    const { status, stderr } = vmio(folder, ['replay', 'short.yaml', ...args]);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
  });

  test('with a spent budget ends as the run does', () => {
    const args = ['--datapath', 'native', '--replication', '1', '--set', 'run.maxEvents=100'];
    expect(vmio(folder, ['replay', 'short.yaml', ...args])).toMatchObject({ status: 1, stdout: '' });
  });
});
