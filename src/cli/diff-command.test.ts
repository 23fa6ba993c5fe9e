/** `vmio diff` of results folders, as a hypervisor's CI calls it. */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
write(changed(SHORT, 'replications: 2', 'replications: 5'), 'tiny.yaml');
const run = (out: string, ...set: string[]): void => {
  const options = set.flatMap((each) => ['--set', each]);
  const args = ['run', 'tiny.yaml', '--no-charts', '--quiet', '--out', out, ...options];
  expect(vmio(folder, args).status).toBe(0);
};
const diff = (a: string, b: string, ...more: string[]) =>
  vmio(folder, ['diff', path.join(a, 'tiny'), path.join(b, 'tiny'), ...more]);

run('a');
run('slow', 'costs.vhost.tx.cycles=9000');

test('of the same thing twice ends with 0', () => {
  const { status, stdout, stderr } = diff('a', 'a');
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^\d+ figures of 2 points compared, 0 beyond tolerance\n$/);
});

test('of a slower backend ends with 1, and says where and by what', () => {
  const { status, stdout } = diff('a', 'slow');
  expect(status).toBe(1);
  expect(stdout).toMatch(/^ {2}vhost-net\n {4}.*latency\.mean .* → .*, \+/m);
  expect(stdout).toMatch(/^ {4}beside: .*vhost/m);
  expect(stdout).not.toMatch(/^ {2}native$/m);
});

test('tolerates what it is told to, writes JSON, and JUnit for a CI', () => {
  expect(diff('a', 'slow', '--tolerance', '10000%').status).toBe(0);
  const { status, stdout } = diff('a', 'slow', '--json', '--junit', 'junit.xml');
  expect(status).toBe(1);
  const figures = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(figures.some(({ beyond, datapath }) => beyond && datapath === 'vhost-net')).toBe(true);
  const beyond = figures.filter((figure) => figure.beyond).length;
  expect(readFileSync(path.join(folder, 'junit.xml'), 'utf8')).toContain(`failures="${beyond}"`);
});

test('says that seeds differ', () => {
  run('other', 'run.seed=9');
  expect(diff('a', 'other').stdout).toMatch(/^seeds 1 and 9: their random numbers differ/);
});

test('refuses what is no results folder, and tolerances that are none', () => {
  mkdirSync(path.join(folder, 'empty/tiny'), { recursive: true });
  expect(diff('a', 'empty')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(
      'is no results folder: its manifest.json and trials.csv are wanted (ENOENT)',
    ),
  });
  expect(diff('a', 'a', '--tolerance', 'much').status).toBe(2);
  expect(diff('a', 'a', '--metric', 'latency.p99').status).toBe(2);
});
