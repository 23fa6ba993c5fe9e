/** Every registered datapath keeps the contract, on every kind of machine and with its switches thrown. */
import { describe } from 'vitest';
import { machine } from '../scenario/machines.test-support.ts';
import { bitsPerSecond, ms, us } from '../units.ts';
import { type Contract, contract } from './contract.test-support.ts';
import { datapaths } from './index.ts';

const server = machine('server-3ghz');
// Everything is free on the textbook machine; applications must take time, or a closed loop never ends.
const textbook = machine('textbook', { costs: { 'app.work': us(1) } });
const held = machine('server-3ghz', {
  moderation: { kind: 'hold-off', gap: us(20), txGap: us(50) },
  iommu: 'strict',
  scheduler: { ...server.scheduler, policy: 'cfs', tick: ms(1) },
});
// So dear that a flood would starve the application: a received frame takes four exits.
const behindIommu = machine('server-3ghz', { costs: { 'vfio.map': us(1), 'vfio.unmap': us(1) } });
// 64 descriptors before a wire of 100 Mbit/s: rings fill up, queues stop and back up.
const slow = machine('server-3ghz', {
  nic: { ...server.nic, rate: bitsPerSecond(100e6) },
  nicRings: { tx: 64, rx: 64 },
  iotlb: { ...server.iotlb, entries: 8, deviceEntries: 16 },
  ats: true,
});

const machines: readonly (readonly [string, Contract])[] = [
  ['server-3ghz', { machine: server }],
  ['server-amd', { machine: machine('server-amd') }],
  ['textbook', { machine: textbook }],
  ['held-off interrupts, strict IOMMU, CFS', { machine: held }],
  ['a slow wire behind short rings, ATS, a small IOTLB', { machine: slow }],
];

type Terms = Partial<Contract>;
const virtio: readonly (readonly [string, Terms])[] = [
  ['without EVENT_IDX', { params: { tunables: { event_idx: false } } }],
  ['a guest kernel that re-arms', { params: { guestKernelRearms: true } }],
  ['napi_tx off', { params: { tunables: { napi_tx: false } }, lingering: 256 }],
  ['no completion interrupts', { params: { completionInterrupts: false }, lingering: 256 }],
  ['a tap of 10 frames', { params: { txqueuelen: 10 } }],
  [
    'behind an IOMMU in caching mode',
    { params: { tunables: { iommu_platform: true } }, viommu: { cachingMode: true, strict: false } },
  ],
  [
    'behind a lazy IOMMU',
    { params: { tunables: { iommu_platform: true } }, viommu: { cachingMode: false, strict: false } },
  ],
];

const viommu: readonly (readonly [string, Terms])[] = [
  ['behind an IOMMU in caching mode', { machine: behindIommu, viommu: { cachingMode: true, strict: false } }],
];
const lazily: readonly [string, Terms] = [
  'behind a lazy IOMMU',
  { viommu: { cachingMode: false, strict: false } },
];

/** Switches worth a run of their own, by kind. */
const variants: Readonly<Record<string, readonly (readonly [string, Terms])[]>> = {
  e1000: [
    ['without mitigation', { params: { tunables: { mitigation: false } } }],
    ['a tap of 10 frames', { params: { txqueuelen: 10 } }],
    ...viommu,
    lazily,
  ],
  sriov: viommu,
  'virtio-net': [...virtio, ['x-txburst 1', { params: { 'x-txburst': 1 } }]],
  'vhost-net': [...virtio, ['the ring served inside the exit', { params: { inlineBackend: true } }]],
  native: [
    ['an interrupt per completion', { params: { completion: 'interrupt-per-completion' } }],
    [
      'polling',
      { params: { completion: 'poll', pollPeriodUs: 50 }, busyAtRest: 'the poller checks at fixed times' },
    ],
  ],
};

describe.each(datapaths.map((datapath) => [datapath.kind, datapath] as const))('%s', (kind, datapath) => {
  describe.each(machines)('on %s', (_name, terms) => contract(datapath, terms));
  const switches = variants[kind] ?? [];
  if (switches.length > 0) {
    describe.each(switches)('%s', (_name, terms) => contract(datapath, { machine: server, ...terms }));
  }
});
