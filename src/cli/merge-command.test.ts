/** Shards on several machines, merged, are the same bytes as a run on one. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { hashes, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
const TINY = changed(SHORT, 'measure: 2 ms', 'measure: 1 ms');
write(`${TINY}sweep: { workloads.bulk.rate: [20 k/s, 40 k/s, 60 k/s] }\n`, 'swept.yaml');

const inFolder = (...names: string[]): string => path.join(folder, ...names);
const shard = (which: string, out: string, ...more: string[]) =>
  vmio(folder, ['run', 'swept.yaml', '--shard', which, '--out', out, ...more]);
const journalsIn = (out: string): string[] => readdirSync(inFolder(out)).map((name) => path.join(out, name));

describe('shards', () => {
  test('give what one run gives, with a pilot and without', () => {
    for (const set of [[], ['--set', 'run.warmUp=auto']]) {
      const out = `shards${set.length}`;
      for (const which of ['1/3', '2/3', '3/3']) expect(shard(which, out, ...set).status).toBe(0);
      expect(journalsIn(out)).toHaveLength(3);
      const merged = vmio(folder, [
        'merge',
        'swept.yaml',
        ...journalsIn(out),
        ...set,
        '--out',
        `${out}-merged`,
      ]);
      expect([merged.status, merged.stderr]).toEqual([0, '']);
      expect(vmio(folder, ['run', 'swept.yaml', ...set, '--out', `${out}-whole`]).status).toBe(0);
      expect(hashes(inFolder(`${out}-merged`))).toEqual(hashes(inFolder(`${out}-whole`)));
    }
  });

  test('say how they are merged', () => {
    const { stdout } = shard('1/2', 'said');
    expect(stdout).toContain('at least 2 replications each, seed 1, shard 1 of 2');
    expect(stdout).toContain(
      `kept in ${path.join('said', 'swept.shard-1-of-2.trials.jsonl')}; when all shards are done: vmio merge swept.yaml ${path.join('said', 'swept.shard-*-of-2.trials.jsonl')}`,
    );
  });

  test.each(['0/2', '3/2', '2', 'a/b', '1/99999'])('there is no %s', (which) => {
    const { status, stderr } = shard(which, 'wrong');
    expect([status, stderr]).toEqual([2, expect.stringContaining('e.g. 2/8')]);
  });
});

describe('merge', () => {
  test('refuses where trials are missing, or were run otherwise, and writes nothing', () => {
    expect(shard('1/2', 'half').status).toBe(0);
    const merge = (...more: string[]) =>
      vmio(folder, ['merge', 'swept.yaml', ...journalsIn('half'), '--out', 'nothing', ...more]);
    expect(merge()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^vmio: trials of 3 combinations are missing, e\.g\. vhost-net, workloads/,
      ),
    });
    expect(shard('2/2', 'half').status).toBe(0);
    expect(merge('--seed', '5').stderr).toContain('trials of 6 combinations are missing');
    expect(existsSync(inFolder('nothing'))).toBe(false);
    expect(merge().status).toBe(0);
  });

  test('names a journal that is not there', () => {
    const { status, stderr } = vmio(folder, ['merge', 'swept.yaml', 'none.jsonl']);
    expect([status, stderr]).toEqual([2, 'vmio: none.jsonl: there is no such file\n']);
  });
});
