/** Every registered datapath keeps the contract, on every kind of machine and with its switches thrown. */
import { describe } from 'vitest';
import { MODULES } from '../models/guest/pci-drivers.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { bitsPerSecond, ms, us } from '../units.ts';
import { type Contract, contract } from './contract.test-support.ts';
import { CURRENT_LINUX } from './guest-bus.ts';
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
  ['one vector for both queues', { params: { tunables: { vectors: 2 } } }],
  ['INTx', { params: { tunables: { vectors: 0 } }, locksWithinHandlers: 'the ISR status' }],
  ['a legacy device', { params: { tunables: { 'disable-modern': true } } }],
  ['an old guest', { guest: { kernel: '2.6.32', drivers: MODULES }, lingering: 256 }],
  // Neither MSI-X nor indirect descriptors nor mergeable buffers: a header of ten bytes in a slot of its own.
  [
    'a very old guest',
    {
      guest: { kernel: '2.6.28', drivers: MODULES },
      lingering: 256,
      locksWithinHandlers: 'the ISR status',
    },
  ],
];

const platform = { params: { tunables: { iommu_platform: true } } };
/** On one core the guest spins its time slice away before QEMU, whom it waits for, has its turn. */
const spins = { drainsSlowly: 'each mapping may cost two time slices' };
const asking: readonly (readonly [string, Terms])[] = [
  ['behind a virtio-iommu', { viommu: { device: 'virtio-iommu', strict: false }, ...spins }],
  ['behind a strict virtio-iommu', { viommu: { device: 'virtio-iommu', strict: true }, ...spins }],
];
const virtioBehind: readonly (readonly [string, Terms])[] = [
  [
    'behind an IOMMU in caching mode',
    { ...platform, viommu: { device: 'intel-iommu', cachingMode: true, strict: false } },
  ],
  [
    'behind a lazy IOMMU',
    { ...platform, viommu: { device: 'intel-iommu', cachingMode: false, strict: false } },
  ],
  ...asking.map(([name, terms]): [string, Terms] => [name, { ...platform, ...terms }]),
];

const viommu: readonly (readonly [string, Terms])[] = [
  [
    'behind an IOMMU in caching mode',
    { machine: behindIommu, viommu: { device: 'intel-iommu', cachingMode: true, strict: false } },
  ],
  ...asking.map(([name, terms]): [string, Terms] => [name, { machine: behindIommu, ...terms }]),
];
/** The guest polls before it halts, by Linux's defaults. */
const haltpoll: readonly [string, Terms] = [
  'a guest with cpuidle-haltpoll',
  {
    guest: {
      ...CURRENT_LINUX,
      haltpoll: {
        guest_halt_poll_ns: 200_000,
        guest_halt_poll_grow: 2,
        guest_halt_poll_grow_start: 50_000,
        guest_halt_poll_shrink: 2,
        guest_halt_poll_allow_shrink: true,
      },
    },
  },
];
const lazily: readonly [string, Terms] = [
  'behind a lazy IOMMU',
  { viommu: { device: 'intel-iommu', cachingMode: false, strict: false } },
];

/** A polling guest frees what was sent when its ring runs short, and its stream knows no send buffer of a kernel. */
const pmd = {
  sendsFrames: 'an mbuf holds a frame',
  lingering: 256,
  busyAtRest: 'the guest polls',
  losesOnTheWayOut: 'nothing between ring and wire holds back a sender without a socket',
};
const polling: readonly (readonly [string, Terms])[] = [
  ['a polling guest', { params: { guestDriver: 'pmd' }, ...pmd }],
  [
    'a polling guest with a legacy device',
    { params: { guestDriver: 'pmd', tunables: { 'disable-modern': true } }, ...pmd },
  ],
];
/** DPDK's memory is mapped once, so that each IOMMU is as good as another. */
const pollingBehind: readonly [string, Terms] = [
  'a polling guest behind an IOMMU',
  {
    params: { guestDriver: 'pmd', tunables: { iommu_platform: true } },
    viommu: { device: 'intel-iommu', cachingMode: true, strict: false },
    ...pmd,
  },
];
const polledPacked: readonly [string, Terms] = [
  'a polling guest with packed rings, in order',
  { params: { guestDriver: 'pmd', tunables: { packed: true, in_order: true } }, ...pmd },
];

/** Switches worth a run of their own, by kind. */
const variants: Readonly<Record<string, readonly (readonly [string, Terms])[]>> = {
  e1000: [
    haltpoll,
    ['without mitigation', { params: { tunables: { mitigation: false } } }],
    ['a tap of 10 frames', { params: { txqueuelen: 10 } }],
    ...viommu,
    lazily,
  ],
  'virtio-net': [
    ...virtio,
    ...virtioBehind,
    [
      'packed rings behind an IOMMU',
      {
        params: { tunables: { packed: true, iommu_platform: true } },
        viommu: { device: 'intel-iommu', cachingMode: false, strict: true },
      },
    ],
    ...polling,
    pollingBehind,
    polledPacked,
    [
      'MMIO',
      {
        params: { transport: 'mmio' },
        starvesInFlood: 'each interrupt waits twice for the BQL, for 50 frames of the main loop each time',
      },
    ],
    haltpoll,
    ['Firecracker', { params: { monitor: 'firecracker' } }],
    ['Firecracker on PCI', { params: { monitor: 'firecracker', transport: 'pci', signal: 'per-request' } }],
    [
      'Firecracker before 1.10, without EVENT_IDX',
      { params: { monitor: 'firecracker', rxCopies: 2, tunables: { event_idx: false } } },
    ],
    ['Cloud Hypervisor', { params: { monitor: 'cloud-hypervisor' } }],
    ['packed rings', { params: { tunables: { packed: true } } }],
    ['packed rings without EVENT_IDX', { params: { tunables: { packed: true, event_idx: false } } }],
    ['used in order', { params: { tunables: { in_order: true } } }],
    ['x-txburst 1', { params: { 'x-txburst': 1 } }],
    ['tx=timer', { params: { tx: 'timer' } }],
    ['ioeventfd=off', { params: { ioeventfd: false } }],
    ['ioeventfd=off, tx=timer', { params: { ioeventfd: false, tx: 'timer' } }],
  ],
  'vhost-user': [
    ...virtio.filter(([name]) => !name.startsWith('a tap')),
    ...polling,
    pollingBehind,
    polledPacked,
    ['packed rings', { params: { tunables: { packed: true } } }],
    ['packed rings, in order', { params: { tunables: { packed: true, in_order: true } } }],
    ['rings of 1024', { params: { tunables: { tx_queue_size: 1024, rx_queue_size: 1024 } } }],
  ],
  vdpa: [
    ...virtio.filter(([name]) => !name.startsWith('a tap')),
    ...viommu.map(([name, terms]): [string, Terms] => [name, { ...platform, ...terms }]),
    ...polling,
    pollingBehind,
    polledPacked,
    ['packed rings, in order', { params: { tunables: { packed: true, in_order: true } } }],
    [
      'coalesced notifications',
      { params: { coalescing: { 'rx-usecs': 20, 'rx-frames': 16, 'tx-usecs': 50, 'tx-frames': 64 } } },
    ],
  ],
  e1000e: [
    ['in a VM just started', { params: { throttleExpiry: 'once-postponed' } }],
    ['without virtio-net headers', { params: { tunables: { vnet_hdr: false } } }],
    ['a tap of 10 frames', { params: { txqueuelen: 10 } }],
    ...viommu,
    lazily,
  ],
  rtl8139: [
    ['a tap of 10 frames', { params: { txqueuelen: 10 } }],
    // Where exits take time, each waits for the big lock while the main loop reads, and loses, what floods the tap: a frame
    // that takes two exits more is carried too seldom for the limits of these tests.
    [
      'behind an IOMMU in caching mode, exits free',
      { machine: textbook, viommu: { device: 'intel-iommu', cachingMode: true, strict: false } },
    ],
    lazily,
  ],
  sriov: viommu,
  'vhost-net': [
    ...virtio,
    ...virtioBehind,
    ...polling,
    pollingBehind,
    ['MMIO', { params: { transport: 'mmio' } }],
    haltpoll,
    ['the ring served inside the exit', { params: { inlineBackend: true } }],
    ['zero copy', { params: { experimental_zcopytx: true } }],
    ['zero copy, poll-us=50', { params: { experimental_zcopytx: true, 'poll-us': 50 } }],
    ['poll-us=50', { params: { 'poll-us': 50 } }],
    ['poll-us=50 without EVENT_IDX', { params: { 'poll-us': 50, tunables: { event_idx: false } } }],
  ],
  native: [
    ['an interrupt per completion', { params: { completion: 'interrupt-per-completion' } }],
    [
      'polling',
      { params: { completion: 'poll', pollPeriodUs: 50 }, busyAtRest: 'the poller checks at fixed times' },
    ],
  ],
};

/** What holds of a kind on every machine. */
const always: Readonly<Record<string, Terms>> = {
  'vhost-user': {
    busyAtRest: 'the switch polls',
    losesOnTheWayOut: 'the switch returns buffers at once and drops what finds the NIC’s ring full',
  },
};

describe.each(datapaths.map((datapath) => [datapath.kind, datapath] as const))('%s', (kind, datapath) => {
  describe.each(machines)('on %s', (_name, terms) => contract(datapath, { ...terms, ...always[kind] }));
  const switches = variants[kind] ?? [];
  if (switches.length > 0) {
    describe.each(switches)('%s', (_name, terms) =>
      contract(datapath, { machine: server, ...always[kind], ...terms }),
    );
  }
});
