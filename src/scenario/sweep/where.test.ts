/** Points that do not meet the conditions are left out, and what is no condition is told with its place. */
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../workspace.test-support.ts';
import { condition } from './condition.ts';

const { load, mistakes } = workspace();

describe('a condition', () => {
  const values: Record<string, unknown> = {
    'workloads.a.rate': 200e3,
    'vms.vm.vcpus': 2,
    'host.cores': 8,
    'parameters.virtio-blk.aio': 'native',
  };
  const holds = (text: string): boolean => condition(text)((path) => values[path]);

  test.each([
    ['workloads.a.rate <= "200 k/s"', true],
    ['workloads.a.rate < "200 k/s"', false],
    ['workloads.a.rate / 1000 == 200', true],
    ['vms.vm.vcpus * 4 <= host.cores and not (host.cores == 7)', true],
    ['vms.vm.vcpus in (1, 3) or host.cores > 100', false],
    [`'parameters.virtio-blk.aio' == "native"`, true],
    [`'parameters.virtio-blk.aio' != "native"`, false],
  ])('%s is %s', (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  test.each([
    ['host.cores <', 'is no condition; write e.g.'],
    ['host.cors > 1', 'there is no "host.cors"'],
    ['host.cores + 1', 'is neither true nor false'],
  ])('%s is refused', (text, words) => {
    expect(() => holds(text)).toThrow(words);
  });
});

const swept = changed(SHORT, 'run:', `sweep: { run.seed: [1, 2, 3], host.cores: [4, 8] }\nWHERE\nrun:`);
const where = (...conditions: string[]) => swept.replace('WHERE', `where: ${JSON.stringify(conditions)}`);

describe('a scenario', () => {
  test('is run at the points that meet all of its conditions', () => {
    const { points, leftOut } = load(where('run.seed < 3', 'host.cores == 4 or run.seed == 2'));
    expect(points.map(({ labels }) => Object.values(labels).join(' '))).toEqual(['1 4', '2 4', '2 8']);
    expect(leftOut).toBe(3);
  });

  test('may ask for what the machine profile says', () => {
    expect(load(where('host.nic.rate > "1 Gbit/s"')).points).toHaveLength(6);
  });

  test('that leaves nothing, or asks for nothing that there is, is told so', () => {
    expect(mistakes(where('run.seed > 5')).join()).toContain('where: leaves none of the 6 points');
    expect(mistakes(where('run.sed > 5')).join()).toMatch(/:\d+:\d+: where\[0\]: there is no "run.sed"/);
  });
});
