/** What goes together with which monitor, and what a scenario is told otherwise. */
import { describe, expect, test } from 'vitest';
import { virtioNet } from './index.ts';
import { monitorFor, tunablesFor } from './monitors.ts';

const mistakes = (params: unknown): string[] =>
  virtioNet.params
    .safeParse(params)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

describe('a monitor has its own defaults', () => {
  test.each([
    [{}, 'qemu', 'pci', 'per-request', 2],
    [{ transport: 'mmio' }, 'qemu', 'mmio', 'per-request', 2],
    [{ monitor: 'firecracker' }, 'firecracker', 'mmio', 'per-batch', 1],
    [{ monitor: 'firecracker', transport: 'pci', rxCopies: 2 }, 'firecracker', 'pci', 'per-batch', 2],
    [{ monitor: 'cloud-hypervisor', signal: 'per-request' }, 'cloud-hypervisor', 'pci', 'per-request', 1],
  ])('%o', (params, name, transport, signal, rxCopies) => {
    expect(monitorFor(virtioNet.params.parse(params))).toMatchObject({ name, transport, signal, rxCopies });
  });

  test('others than QEMU make modern devices alone', () => {
    const modern = (params: unknown) => tunablesFor(virtioNet.params.parse(params))['disable-legacy'];
    expect([modern({}), modern({ monitor: 'cloud-hypervisor' })]).toEqual([undefined, true]);
  });
});

describe('what does not go together is told', () => {
  test.each<[string, unknown]>([
    ['tx', { monitor: 'firecracker', tx: 'timer' }],
    ['ioeventfd', { monitor: 'firecracker', ioeventfd: false }],
    ['x-txburst', { monitor: 'cloud-hypervisor', 'x-txburst': 64 }],
    ['tunables', { monitor: 'firecracker', tunables: { vectors: 0 } }],
    ['transport', { monitor: 'cloud-hypervisor', transport: 'mmio' }],
    ['rxCopies', { monitor: 'cloud-hypervisor', rxCopies: 2 }],
    ['signal', { signal: 'per-batch' }],
    ['rxCopies', { rxCopies: 1 }],
  ])('%s of %o', (place, params) => {
    expect(mistakes(params)).toEqual([
      expect.stringMatching(new RegExp(`^${place}: .*(QEMU|Cloud Hypervisor)`)),
    ]);
  });

  test('without a mistake nothing', () => {
    expect(mistakes({ monitor: 'firecracker', transport: 'pci' })).toEqual([]);
  });
});
