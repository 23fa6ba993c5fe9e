/** `vmio explain` as users call it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
write(
  changed(
    SHORT,
    'measure: 2 ms, warmUp: 200 us, replications: 2',
    'measure: 40 ms, warmUp: 1 ms, replications: 3',
  ),
  'short.yaml',
);

describe('vmio explain', () => {
  const args = ['explain', 'short.yaml', '--datapath', 'vhost-net', '--against', 'native'];
  const one = vmio(folder, [...args, '--jobs', '1']);

  test('says who pays, where requests wait, what the slowest lost, which laws hold, and what if', () => {
    expect(one.status).toBe(0);
    for (const heading of [
      '── vhost-net ─',
      'who pays for a request: ',
      'where a request of bulk spends its time: ',
      'the slowest 1 % of bulk (',
      'laws: what is in the system',
      'stations beside the formulas',
      'what if, for bulk (p99 ',
      'why vhost-net differs from native: bars add up',
      'mean latency of the slowest 1 % of bulk',
      'cycles per request of the whole machine',
      'Does it run?',
    ]) {
      expect(one.stdout).toContain(heading);
    }
    expect(one.stdout).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('says the same whoever runs the trials, and leaves nothing behind', () => {
    expect(vmio(folder, [...args, '--jobs', '3']).stdout).toBe(one.stdout);
    expect(existsSync(path.join(folder, 'results/short.explain.trials.jsonl'))).toBe(false);
  });

  test('--json prints one object for each datapath and difference', () => {
    const { stdout, status } = vmio(folder, ['explain', 'short.yaml', '--no-what-if', '--json']);
    expect(status).toBe(0);
    const objects = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(objects.map(({ datapath, against }) => [datapath, against])).toEqual([
      ['native', undefined],
      ['vhost-net', undefined],
      ['vhost-net', 'native'],
    ]);
    expect(objects[0].whatIf).toEqual([]);
  });

  test.each([
    [['--datapath', 'sriov'], 'the scenario runs native, vhost-net, not sriov'],
    [['--point', '3'], 'the scenario has points 0 to 0, not 3'],
  ])('%o: 2, and what there is', (wrong, message) => {
    const { status, stderr } = vmio(folder, ['explain', 'short.yaml', ...wrong]);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
  });
});
