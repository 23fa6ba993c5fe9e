/** Overrides: what `--set` reaches, and that its mistakes name the option. */
import { expect, test } from 'vitest';
import { formatMistake } from './mistake.ts';
import { parseYaml } from './read-yaml.ts';
import { sample, sampleYaml } from './sample-scenario.ts';
import { setOption } from './set-option.ts';
import { setPath } from './set-path.ts';
import { validate } from './validate.ts';

const { document, value: root } = parseYaml('s.yaml', sampleYaml);

const mistakesOfOption = (assignment: string): string[] => {
  const { value, override, mistakes } = setOption(root, assignment, '--set', sample);
  if (override === undefined) return mistakes.map(formatMistake);
  return validate(sample, document, 's.yaml', { value, overrides: [override] }).mistakes.map(formatMistake);
};

test.each([
  ['workloads.bulk.rate=5 k/s', ['workloads', 'bulk', 'rate'], '5 k/s'],
  ['datapaths[1].ringSize=512', ['datapaths', 1, 'ringSize'], 512],
  [
    'datapaths=[native, { kind: virtio-net, ringSize: 8 }]',
    ['datapaths'],
    ['native', { kind: 'virtio-net', ringSize: 8 }],
  ],
  ['machine.costs.exit.light=5 cycles', ['machine', 'costs', 'exit.light'], '5 cycles'],
  ['machine.costs."exit.heavy"=5 cycles', ['machine', 'costs', 'exit.heavy'], '5 cycles'],
  ['vms.backup.net.queues=4', ['vms', 'backup', 'net', 'queues'], 4],
  ['vms.c={ vcpus: 1 }', ['vms', 'c'], { vcpus: 1 }],
  ['title="a: b = c"', ['title'], 'a: b = c'],
])('%s', (assignment, path, expected) => {
  const before = structuredClone(root);
  const { value, override } = setOption(root, assignment, '--set', sample);
  expect(override?.path).toEqual(path);
  expect(path.reduce((here, key) => (here as never)[key], value)).toEqual(expected);
  expect(root).toEqual(before);
  expect(validate(sample, document, 's.yaml', { value }).mistakes).toEqual([]);
});

test.each([
  [
    'workloads.bulk.rate=5',
    '--set workloads.bulk.rate=5: workloads.bulk.rate: 5 has no unit (expected a number and /s | k/s | M/s | G/s)',
  ],
  [
    'workloads.bulk.rte=5 k/s',
    '--set workloads.bulk.rte=5 k/s: workloads.bulk: unknown key "rte" — did you mean "rate"?',
  ],
  [
    'workloads.blk.rate=5 k/s',
    '--set workloads.blk.rate=5 k/s: nothing is called "blk" in workloads, which has "rpc", "bulk" — did you mean "workloads.bulk"?',
  ],
  [
    'machine.costs.copyPerBite.x=5',
    '--set machine.costs.copyPerBite.x=5: nothing is called "copyPerBite" in machine.costs, which has "exit.light", "copyPerByte" — did you mean "machine.costs.copyPerByte"?',
  ],
  ['rn.seed=4', '--set rn.seed=4: unknown key "rn" — did you mean "run"?'],
  [
    'vms.c={ vcpus: 1, pim: [1] }',
    '--set vms.c={ vcpus: 1, pim: [1] }: vms.c: unknown key "pim" — did you mean "pin"?',
  ],
  ['vms.c={ pin: [] }', '--set vms.c={ pin: [] }: vms.c: missing key "vcpus"'],
  [
    'vms.backup.net.queues=x',
    '--set vms.backup.net.queues=x: vms.backup.net.queues: expected a number, got text "x"',
  ],
  ['title.x=5', '--set title.x=5: title is text "Two tenants on one host", so it has no "x"'],
  ['datapaths[7]=native', '--set datapaths[7]=native: datapaths has 2 entries, from [0]'],
  [
    'datapaths.x=5',
    '--set datapaths.x=5: datapaths is a list, so it has no "x"; write datapaths[0] for its first entry',
  ],
  ['vms[0].vcpus=1', '--set vms[0].vcpus=1: vms is a map, so it has no [0]'],
  ['run.seed=', '--set run.seed=: no value after the ='],
  ['run.seed=a: b', '--set run.seed=a: b: put the value in quotes if it is text, or in [ ] or { }'],
  ['run.seed=[1', '--set run.seed=[1: expected a closing ]'],
  [
    'run..seed=1',
    '--set run..seed=1: "run..seed" is not a path (expected one like workloads.rpc.rate or datapaths[0])',
  ],
  ['run.__proto__.x=1', '--set run.__proto__.x=1: a key may not be called "__proto__"'],
  ['run.seed', '--set run.seed: expected path=value'],
])('%s is refused', (assignment, mistake) => {
  expect(mistakesOfOption(assignment)).toEqual([mistake]);
});

test('without a schema a new name is made, and remembered as perhaps a slip', () => {
  const place = { file: 'sweep.yaml', line: 3, column: 5 };
  const { value, override } = setPath(root, 'workloads.rcp.size', '1 B', place);
  expect(value).toMatchObject({ workloads: { rcp: { size: '1 B' } } });
  expect(override).toMatchObject({ place, nearest: 'workloads.rpc' });
  const overrides = override === undefined ? [] : [override];
  expect(validate(sample, document, 's.yaml', { value, overrides }).mistakes.map(formatMistake)).toEqual([
    'sweep.yaml:3:5: workloads.rcp: missing key "kind" (one of open-loop | request-response) — did you mean "workloads.rpc"?',
  ]);
});

test('what the path does not touch is shared, not copied', () => {
  const { value } = setPath(root, 'run.seed', 2, { file: 'x', line: 1, column: 1 });
  expect((value as typeof sample._zod.input).vms).toBe((root as typeof sample._zod.input).vms);
});
