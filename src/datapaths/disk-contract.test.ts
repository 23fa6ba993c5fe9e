/** The contract of every datapath to a disk, on each machine and with parameters that change the mechanism. */
import { describe } from 'vitest';
import type { z } from 'zod';
import { blockQueueSchema, blockQueueSettings } from '../scenario/block-queue-schema.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { us } from '../units.ts';
import { diskContract } from './disk-contract.test-support.ts';
import { diskDatapaths } from './index.ts';

const machines = [
  ['server-3ghz', machine('server-3ghz')],
  ['server-amd', machine('server-amd')],
  // Something must take time.
  ['textbook', machine('textbook', { costs: { 'app.work': us(1) } })],
] as const;

/** By kind: parameters under which other mechanisms run. */
const variants: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  native: { 'poll queues': { poll_queues: 1 } },
  'nvme-passthrough': { 'poll queues': { poll_queues: 1 } },
  ide: { 'no delays of libata': { libataDelays: false }, 'a pool of threads': { aio: 'threads' } },
  ahci: {
    'a pool of threads': { aio: 'threads' },
    'one completion per interrupt': { oneCompletionPerInterrupt: true },
  },
  'virtio-scsi': { 'the main loop': { iothread: false } },
  'vhost-scsi': {
    'a worker per queue': { tunables: { worker_per_virtqueue: true } },
    'no event index': { tunables: { event_idx: false } },
  },
  'vhost-user-blk': { 'packed rings': { tunables: { packed: true } } },
  nvme: {
    'no doorbell buffer': { tunables: { dbcs: false } },
    ioeventfd: { tunables: { ioeventfd: true } },
    'a pool of threads': { aio: 'threads' },
  },
  'virtio-blk': {
    'the main loop': { iothread: false },
    'no ioeventfd': { iothread: false, ioeventfd: false },
    'packed rings': { tunables: { packed: true } },
    'no event index': { tunables: { event_idx: false } },
    'direct descriptors in a small ring': { tunables: { indirect_desc: false, 'queue-size': 64 } },
    'no polling': { tunables: { 'poll-max-ns': 0 } },
    'poll queues': { tunables: { poll_queues: 1 } },
    io_uring: { aio: 'io_uring' },
    'a pool of threads': { aio: 'threads' },
    'a pool of threads below the main loop': { aio: 'threads', iothread: false },
    'MMIO and an iothread': { transport: 'mmio' },
    'MMIO and the main loop': { transport: 'mmio', iothread: false },
    'Firecracker, which waits': { monitor: 'firecracker' },
    'Firecracker by io_uring': { monitor: 'firecracker', io_engine: 'Async' },
    'Firecracker, an interrupt for each run': { monitor: 'firecracker', signal: 'per-batch' },
    'Firecracker over PCI': {
      monitor: 'firecracker',
      transport: 'pci',
      io_engine: 'Async',
      signal: 'per-batch',
    },
    'Cloud Hypervisor': { monitor: 'cloud-hypervisor' },
    'a fair scheduler': { scheduler: { discipline: 'drr', depth: 2 } },
    'one request a turn, under a lock': { batching: false, sharedLock: true },
  },
};

const schedules = (words: z.input<typeof blockQueueSchema>) =>
  blockQueueSettings(blockQueueSchema.parse(words));

/** Of kinds with poll queues: the parameters that give them one. */
const pollQueues: Readonly<Record<string, unknown>> = {
  native: { poll_queues: 1 },
  'nvme-passthrough': { poll_queues: 1 },
  'virtio-blk': { tunables: { poll_queues: 1 } },
  'virtio-scsi': { tunables: { poll_queues: 1 } },
};

/** What holds of a kind always. */
const busyAtRest: Readonly<Record<string, string>> = { 'vhost-user-blk': 'the reactor polls' };

describe.each(diskDatapaths.map((datapath) => [datapath.kind, datapath] as const))('%s', (kind, datapath) => {
  describe.each(machines)('on %s', (_, on) =>
    diskContract(datapath, { machine: on, busyAtRest: busyAtRest[kind] }),
  );
  const others = Object.entries(variants[kind] ?? {});
  for (const [name, params] of others) {
    describe(`with ${name}`, () =>
      diskContract(datapath, { machine: machine('server-3ghz'), params, busyAtRest: busyAtRest[kind] }));
  }
  describe.skipIf(kind === 'native' || kind === 'nvme' || kind === 'nvme-passthrough')(
    'with three vCPUs that share queues',
    () => {
      const name = kind.endsWith('scsi') ? 'num_queues' : 'num-queues';
      const one = kind === 'ide' || kind === 'ahci';
      const shared = (count: number, vcpus: number) =>
        diskContract(datapath, {
          machine: machine('server-3ghz'),
          params: one ? {} : { tunables: { [name]: count } },
          vcpus,
          busyAtRest: busyAtRest[kind],
        });
      describe('one', () => shared(1, 3));
      describe('two', () => shared(2, 3));
    },
  );
  describe.skipIf(kind === 'ide' || kind === 'ahci')('with three vCPUs', () => {
    const mapped = { tunables: { 'iothread-vq-mapping': [{ iothread: 'a' }, { iothread: 'b' }] } };
    const params = kind === 'virtio-blk' || kind === 'virtio-scsi' ? mapped : {};
    diskContract(datapath, {
      machine: machine('server-3ghz'),
      params,
      vcpus: 3,
      busyAtRest: busyAtRest[kind],
    });
  });
  describe.each([
    ['a scheduler with few tags', schedules({ scheduler: 'mq-deadline', nr_requests: 5 })],
    ['a scheduler', schedules({ scheduler: 'mq-deadline' })],
  ] as const)('with %s', (_, disk) => {
    diskContract(datapath, { machine: machine('server-3ghz'), disk, busyAtRest: busyAtRest[kind] });
  });
  describe.skipIf(pollQueues[kind] === undefined)('sleeping before it polls', () => {
    const disk = schedules({ scheduler: 'mq-deadline', nr_requests: 300, io_poll_delay: 0 });
    const params = pollQueues[kind];
    diskContract(datapath, { machine: machine('server-3ghz'), params, disk, busyAtRest: busyAtRest[kind] });
  });
  describe('with bounce buffers', () => {
    const params = kind.startsWith('virtio-') ? { tunables: { iommu_platform: true } } : {};
    // As many as three jobs of 300 I/Os of 128 KiB may need.
    const own = { machine: machine('server-3ghz'), params, swiotlb: 80_000, busyAtRest: busyAtRest[kind] };
    diskContract(datapath, own);
  });
  describe.each([
    ['strict', { device: 'intel-iommu', cachingMode: false, strict: true }],
    ['lazy', { device: 'intel-iommu', cachingMode: false, strict: false }],
    ['in caching mode', { device: 'intel-iommu', cachingMode: true, strict: false }],
    ['virtio-iommu', { device: 'virtio-iommu', strict: false }],
    ['virtio-iommu, strict', { device: 'virtio-iommu', strict: true }],
  ] as const)('behind an IOMMU that the guest sees, %s', (_, viommu) => {
    const params = kind.startsWith('virtio-') ? { tunables: { iommu_platform: true } } : {};
    const own = { machine: machine('server-3ghz'), params, viommu, busyAtRest: busyAtRest[kind] };
    // On one core the guest spins its time slice away before QEMU, whom it waits for, has its turn.
    const drainsSlowly =
      viommu.device === 'virtio-iommu' ? 'each mapping may cost two time slices' : undefined;
    diskContract(datapath, { ...own, drainsSlowly });
  });
});
