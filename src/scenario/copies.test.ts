/** VMs that are alike are written once. */
import { describe, expect, test } from 'vitest';
import { changed, placeOf, SHORT, workspace } from './workspace.test-support.ts';

const { load, mistakes } = workspace();
const VM = 'web: { pin: { vcpus: [0], backend: 1 } }';
const many = (settings: string): string => changed(SHORT, VM, `web: { ${settings} }`);

describe('a VM with a count', () => {
  test('stands for so many, each with workloads of its own', () => {
    const [{ scenario, copies }] = load(many('count: 3')).points;
    expect(Object.keys(scenario.vms)).toEqual(['web-1', 'web-2', 'web-3']);
    expect(Object.entries(scenario.workloads).map(([name, { vm }]) => `${name} of ${vm}`)).toEqual([
      'rpc-1 of web-1',
      'rpc-2 of web-2',
      'rpc-3 of web-3',
      'bulk-1 of web-1',
      'bulk-2 of web-2',
      'bulk-3 of web-3',
    ]);
    expect(copies).toEqual({
      vms: { web: ['web-1', 'web-2', 'web-3'] },
      workloads: { rpc: ['rpc-1', 'rpc-2', 'rpc-3'], bulk: ['bulk-1', 'bulk-2', 'bulk-3'] },
    });
  });

  test('of 1 is numbered as well, so that a sweep over the count keeps its names', () => {
    expect(Object.keys(load(many('count: 1')).points[0].scenario.vms)).toEqual(['web-1']);
  });

  test('may be swept', () => {
    const { points } = load(many('count: 1'), { sweep: ['vms.web.count=[1, 2]'] });
    expect(points.map(({ scenario }) => Object.keys(scenario.vms).length)).toEqual([1, 2]);
  });

  test('that spreads gives each thread one core of its set, in turn', () => {
    const text = many('count: 5, pin: { vcpus: [[0, 1, 2]], backend: [3, 4], spread: true }');
    const { vms } = load(text).points[0].scenario;
    expect(Object.values(vms).map(({ pin }) => [pin.vcpus, pin.backend])).toEqual([
      [[0], 3],
      [[1], 4],
      [[2], 3],
      [[0], 4],
      [[1], 3],
    ]);
  });

  test('that does not spread shares its sets', () => {
    const { vms } = load(many('count: 2, pin: { vcpus: [[0, 1]], backend: [2, 3] }')).points[0].scenario;
    for (const { pin } of Object.values(vms)) expect([pin.vcpus, pin.backend]).toEqual([[[0, 1]], [2, 3]]);
  });

  test('is checked once, at its place', () => {
    const text = many('count: 3, pin: { backend: 99 }');
    expect(mistakes(text)).toEqual([
      `short.yaml:${placeOf(text, '99')}: vms.web-1.pin.backend: core 99 does not exist: the host has cores 0 to 7`,
    ]);
  });

  test('must not be called as another is', () => {
    const text = changed(many('count: 2'), 'workloads:', '  web-2: {}\nworkloads:');
    expect(mistakes(text).join('\n')).toContain('a copy of an entry with a count is called "web-2", too');
  });
});
