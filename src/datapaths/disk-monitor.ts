/** Which monitor serves a virtio disk: parameters, and what goes together. */
import { z } from 'zod';
import type { AIO_ENGINES } from '../models/host/host-block.ts';
import { MONITORS, type Monitor } from '../models/host/monitor.ts';
import type { DiskTunables } from './virtio-disk-params.ts';

/** Unsaid in scenarios that do not speak of other monitors. */
export const diskMonitorShape = {
  monitor: z
    .enum(['qemu', 'firecracker', 'cloud-hypervisor'])
    .describe(
      'who serves the disk in user space (qemu); firecracker is on mmio where transport does not say, has one event loop and no indirect descriptors; cloud-hypervisor has a thread for each queue',
    )
    .optional(),
  transport: z
    .enum(['pci', 'mmio'])
    .describe('where the guest finds the disk: PCI with MSI-X, or MMIO, whose one interrupt takes two exits')
    .optional(),
  io_engine: z
    .enum(['Sync', 'Async'])
    .describe('Firecracker: its loop waits for each request, or asks by io_uring (Sync)')
    .optional(),
  signal: z
    .enum(['per-request', 'per-batch'])
    .describe(
      'Firecracker: decide about an interrupt for each request, or once a run, as since 1.13 (per-request)',
    )
    .optional(),
};

const shape = z.object(diskMonitorShape);
type Choice = z.output<typeof shape>;

/** What serves a disk in which way. */
export interface DiskMonitor {
  readonly policy: Monitor;
  readonly transport: 'pci' | 'mmio';
  readonly signal: Monitor['signal'];
  readonly engine: 'io_uring' | 'sync' | (typeof AIO_ENGINES)[number];
}

export const diskMonitorFor = (
  { monitor = 'qemu', transport, io_engine = 'Sync', signal }: Choice,
  aio: (typeof AIO_ENGINES)[number],
): DiskMonitor => {
  const policy = MONITORS[monitor];
  const firecracker = monitor === 'firecracker';
  return {
    policy,
    transport: transport ?? policy.transport,
    signal: signal ?? (firecracker ? 'per-request' : 'per-batch'),
    engine: monitor === 'qemu' ? aio : firecracker && io_engine === 'Sync' ? 'sync' : 'io_uring',
  };
};

/** What the monitor offers of the ring. */
export const offeredBy = <T extends DiskTunables>({ policy }: DiskMonitor, tunables: T): T =>
  policy.name === 'firecracker' ? { ...tunables, indirect_desc: false } : tunables;

/** Defaults of what QEMU alone has; another value is refused elsewhere. */
const OF_QEMU = {
  iothread: true,
  aio: 'native',
  ioeventfd: true,
  batching: true,
  sharedLock: false,
} as const;
const TUNABLES_OF_QEMU = {
  iommu_platform: false,
  packed: false,
  'request-merging': true,
  'poll-max-ns': 32_768,
  'poll-grow': 0,
  'poll-shrink': 0,
  'iothread-vq-mapping': undefined,
  'num-queues': undefined,
} as const;

type Values = Readonly<Record<string, unknown>>;

const differing = (values: Values, defaults: Values): string[] =>
  Object.keys(defaults).filter((key) => values[key] !== defaults[key]);

/** Says what a monitor does not have. */
export const checkDiskMonitor = (
  params: Choice & { readonly tunables: Values } & Values,
  context: z.core.$RefinementCtx,
): void => {
  const { monitor = 'qemu', transport, io_engine, signal, tunables } = params;
  const refuse = (path: string[], message: string): void =>
    context.addIssue({ code: 'custom', path, message });
  if (monitor !== 'firecracker') {
    for (const [name, value] of Object.entries({ io_engine, signal })) {
      if (value !== undefined) refuse([name], `is a property of Firecracker, which ${monitor} does not have`);
    }
  }
  if (monitor === 'cloud-hypervisor' && transport === 'mmio') {
    refuse(['transport'], 'Cloud Hypervisor has virtio over PCI alone');
  }
  if (monitor === 'qemu') return;
  for (const key of differing(params, OF_QEMU)) {
    refuse([key], `is a property of QEMU, which ${monitor} does not have`);
  }
  for (const key of differing(tunables, TUNABLES_OF_QEMU)) {
    refuse(['tunables', key], `is a property of QEMU, which ${monitor} does not have`);
  }
};
