/** `vmio capacity` as users call it: the answer, its reason, the same bytes whoever searches, and clear words for what cannot be searched. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
const LONGER = changed(SHORT, 'measure: 2 ms', 'measure: 24 ms');
write(LONGER, 'short.yaml');

/** Frames of 84 B on a wire of 10 Gbit/s, all else free: an M/D/1. */
const SERVICE = 67.2;
const ALLOWED = 50;
write(
  `title: Wire
question: Which rate keeps the wait for the wire below ${ALLOWED} ns?
machine: profiles/textbook.yaml
host: { nic: { rate: 10 Gbit/s } }
vms: { vm: { pin: { vcpus: [0], backend: 1 } } }
workloads: { send: { vm: vm, kind: open-loop, direction: receive, rate: 1 M/s, size: 60 B } }
datapaths: [native]
run: { measure: 2 ms, warmUp: 100 us, replications: 5 }
capacity: { vary: workloads.send.rate, from: 1 M/s, to: 14 M/s, slo: ['stage[wait: wire] < ${ALLOWED} ns'] }
`,
  'wire.yaml',
);
/** Wq = ρ S / (2 (1 − ρ)), solved for ρ, in requests per second. */
const TRUTH = ((2 * ALLOWED) / (SERVICE + 2 * ALLOWED) / SERVICE) * 1e9;

interface Line {
  readonly capacity: {
    readonly kind: string;
    readonly value: number | null;
    readonly low: number;
    readonly high: number;
  };
  readonly limit: { readonly resource: string } | null;
}
const json = (args: readonly string[]): Line[] => {
  const { stdout, stderr, status } = vmio(folder, ['capacity', ...args, '--json']);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
};

describe('a capacity', () => {
  test('of a wire is that of an M/D/1, and the wire is named', () => {
    const [{ capacity, limit }] = json(['wire.yaml']);
    expect(capacity.kind).toBe('load');
    expect(Math.abs((capacity.value as number) / TRUTH - 1)).toBeLessThan(0.03);
    expect(capacity.low).toBeLessThanOrEqual(TRUTH * 1.01);
    expect(capacity.high).toBeGreaterThanOrEqual(TRUTH * 0.99);
    expect(limit?.resource).toBe('wire in');
  });

  test('says the same whoever searches, and leaves nothing behind', () => {
    const args = [
      'short.yaml',
      '--vary',
      'workloads.rpc.connections',
      '--from',
      '1',
      '--to',
      '40',
      '--slo',
      'rpc p99 < 60us',
    ];
    const one = vmio(folder, ['capacity', ...args, '--jobs', '1', '--out', 'one']);
    const three = vmio(folder, ['capacity', ...args, '--jobs', '3', '--out', 'three']);
    expect(one.status).toBe(0);
    expect(three.stdout).toBe(one.stdout);
    expect(one.stdout).toContain('Does it run?');
    expect(one.stdout).toMatch(/native holds it /);
    expect(one.stdout).toMatch(/limit: .* busy; rpc p99 < 60us is missed by \d+ %/);
    expect(existsSync(path.join(folder, 'one/short.capacity.trials.jsonl'))).toBe(false);
  });

  test('that nothing holds ends with 1', () => {
    const args = [
      'capacity',
      'short.yaml',
      '--vary',
      'workloads.rpc.connections',
      '--from',
      '1',
      '--to',
      '4',
      '--slo',
      'rpc p99 < 1 us',
    ];
    const { status, stdout } = vmio(folder, args);
    expect(status).toBe(1);
    expect(stdout).toContain('does not hold it at either end from workloads.rpc.connections 1 to 4');
  });
});

const VARY = ['--vary', 'workloads.rpc.connections'];

describe('wrong input', () => {
  test.each([
    ['nothing to vary', ['--slo', 'p99 < 1us'], 'what shall be searched? Say --vary path'],
    ['no objective', VARY, 'what must hold? Say e.g. --slo'],
    ['an objective that is none', [...VARY, '--slo', 'fast'], '"fast" is no objective'],
    ['a metric that is none', [...VARY, '--slo', 'latancy.p99 < 1us'], 'did you mean'],
    ['a limit without its unit', [...VARY, '--slo', 'p99 < 100'], 'has no unit'],
    ['a workload that is none', [...VARY, '--slo', 'rcp p99 < 1us'], 'there is no workload or VM "rcp"'],
    ['half a range', [...VARY, '--slo', 'p99 < 1us', '--from', '2'], '--from and --to belong together'],
    [
      'values that the scenario refuses',
      [...VARY, '--slo', 'p99 < 1us', '--from', '1', '--to', '9999'],
      'does not allow every value of workloads.rpc.connections',
    ],
    [
      'a percentile that needs more requests',
      [...VARY, '--from', '1', '--to', '2', '--slo', 'p99.99 < 1us'],
      'a trial has no such figure',
    ],
  ])('%s: 2, and what to do', (_, args, message) => {
    const { status, stdout, stderr } = vmio(folder, ['capacity', 'short.yaml', ...args]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});
