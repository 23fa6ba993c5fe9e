/** `vmio import`: what it prints is a scenario that can be checked and run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { workspace } from '../scenario/workspace.test-support.ts';
import { vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();

/** Imports `text` from a file of this name; the answer is a scenario beside the profiles. */
const imported = (name: string, text: string) => {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  const ended = vmio(folder, ['import', name]);
  return { ...ended, scenario: ended.status === 0 ? write(ended.stdout) : '' };
};

const PERIOD = 100;

/** A read each 100 us, and a write that nobody waits for. */
const LOG = [
  'fio version 3 iolog',
  '0 /dev/sda open',
  ...Array.from(
    { length: 20 },
    (_, i) => `${i * PERIOD} /dev/sda ${i % 2 === 0 ? 'read' : 'write'} ${i * 4096} 4096`,
  ),
  `${20 * PERIOD} /dev/sda close`,
  '',
].join('\n');

test('a job file becomes a scenario that is right', () => {
  const { status, stdout, stderr, scenario } = imported(
    'jobs.fio',
    '[reads]\nrw=randread\ndirect=1\nioengine=libaio\niodepth=4\nramp_time=2\nruntime=30\n',
  );
  expect([status, parse(stdout).workloads.reads.ramp_time]).toEqual([0, '200 ms']);
  expect(stderr).toContain('measured for 1 s of simulated time instead of 30 s');
  expect(vmio(folder, ['check', scenario])).toMatchObject({ status: 0 });
});

test('a log becomes a scenario that does what it did, as often a second', () => {
  const { status, stderr, scenario } = imported('trace.log', LOG);
  expect([status, stderr]).toEqual([0, expect.stringContaining('iodepth is 128')]);
  mkdirSync(path.join(folder, 'out'));
  const short = ['--set', 'run.measure=20 ms', '--set', 'datapaths=[native]', '--out', 'out', '--quiet'];
  expect(vmio(folder, ['run', scenario, ...short])).toMatchObject({ status: 0 });
  const name = path.basename(scenario, '.yaml');
  const summary = readFileSync(path.join(folder, 'out', name, 'summary.csv'), 'utf8');
  const rate = /throughput\.requests.*/.exec(summary)?.[0] ?? '';
  expect(rate).toContain(',10000,');
});

test('what is neither is refused, with its place', () => {
  expect(imported('bad.log', 'fio version 3 iolog\n0 a open\n1 a jump 0 1\n')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('bad.log: line 3: there is no action "jump"'),
  });
  expect(imported('read.fio', '[a]\nread_iolog=trace.log\n')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('vmio import trace.log'),
  });
});
