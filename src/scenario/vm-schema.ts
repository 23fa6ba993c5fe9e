/** What a scenario may say of a VM: where it runs, its device's tunables, and a datapath of its own. */
import { z } from 'zod';
import { CURRENT_LINUX } from '../datapaths/guest-bus.ts';
import { datapaths, kinds } from '../datapaths/index.ts';
import { virtioTunableShape } from '../datapaths/virtio-params.ts';
import type { GuestIommuSettings } from '../datapaths/world.ts';
import { hasSince, type KernelRelease, RELEASE } from '../models/guest/kernel-release.ts';
import { MODULES } from '../models/guest/pci-drivers.ts';
import { SLOT_SIZE } from '../models/linux/block/bounce-buffers.ts';
import { MISDEEDS } from '../models/virtio/misdeeds.ts';
import { blockQueueSchema } from './block-queue-schema.ts';
import { size, time } from './text/quantity-schemas.ts';

export const core = z.int().min(0).max(255);
const coreSet = z.union([core, z.array(core).min(1)]).describe('a core, or the cores it may run on');

export const datapathKind = z.enum(kinds.map(({ kind }) => kind) as [string, ...string[]]);

/** Multiqueue NICs are not modelled yet; the word is there so that scenarios need not change. */
const onlyOne = (what: string) =>
  z
    .literal(1, { error: `more than one ${what} is not modelled yet` })
    .describe(`number of ${what}s; one so far`)
    .default(1);

/** Cards that a guest may have besides: those of datapaths that give it one. */
const cardKind = z.enum(
  datapaths.filter(({ card }) => card !== undefined).map(({ kind }) => kind) as [string, ...string[]],
);

const unsigned = z.int().min(0).max(1e9);

/** drivers/cpuidle/cpuidle-haltpoll.c (recalled). */
const HALTPOLL_SINCE: KernelRelease = '5.4';

/** Parameters of the governor, by their Linux names. */
const haltpollSchema = z
  .strictObject({
    guest_halt_poll_ns: unsigned.describe('longest poll, ns').default(200_000),
    guest_halt_poll_grow: unsigned.describe('factor by which the limit grows').default(2),
    guest_halt_poll_grow_start: unsigned.describe('least limit, ns').default(50_000),
    guest_halt_poll_shrink: unsigned.describe('divisor by which it shrinks; 0: to nothing').default(2),
    guest_halt_poll_allow_shrink: z.boolean().default(true),
  })
  .describe('cpuidle-haltpoll: an idle guest polls before it halts, and KVM’s own polling is off');

const guestSchema = z
  .strictObject({
    kernel: z
      .string({ error: 'a release in quotes, e.g. "6.1": bare 6.10 would be the number 6.1' })
      .regex(RELEASE, 'a release is 6.1 or 2.6.32')
      .describe('release of its Linux; what its drivers know of virtio follows from it')
      .default(CURRENT_LINUX.kernel),
    drivers: z
      .array(z.enum(MODULES as [string, ...string[]]))
      .describe('network modules that it can load, by their Linux names; all where not given')
      .default([...CURRENT_LINUX.drivers]),
    haltpoll: haltpollSchema.optional(),
  })
  .refine(({ kernel, haltpoll }) => haltpoll === undefined || hasSince(kernel, HALTPOLL_SINCE), {
    path: ['haltpoll'],
    message: `needs a guest kernel from ${HALTPOLL_SINCE} on, which has cpuidle-haltpoll`,
  })
  .describe('the guest: a current Linux with all drivers where not given');

/** More VMs on one host than this is a slip of the pen. */
const COUNT_MAX = 256;

const vmShape = z.strictObject({
  count: z
    .int()
    .min(1)
    .max(COUNT_MAX)
    .describe(
      'so many VMs alike, <name>-1 to <name>-<count>, each with workloads of its own, <workload>-1 and so on; rows of <name> and <workload> are of all of them',
    )
    .optional(),
  vcpus: z
    .int()
    .min(1)
    .max(256)
    .describe('number of vCPUs; more than one for disks alone, where job i runs on vCPU i')
    .default(1),
  pin: z
    .strictObject({
      vcpus: z.array(coreSet).describe('for each vCPU the core, or the cores, it may run on').optional(),
      backend: coreSet.describe('cores that vhost worker and QEMU may run on').optional(),
      spread: z
        .boolean()
        .describe('with a count: each thread of a copy gets one core of its set, in turn, instead of all')
        .default(false),
    })
    .prefault({}),
  memory: z
    .strictObject({
      pageSize: z
        .enum(['4 KiB', '2 MiB', '1 GiB'])
        .describe('pages that the host backs the guest’s memory with; the IOMMU maps it with the same')
        .default('2 MiB'),
    })
    .prefault({}),
  viommu: z
    .strictObject({
      device: z
        .enum(['none', 'intel-iommu', 'virtio-iommu'])
        .describe('QEMU’s device in front of the others; virtio passes it only with iommu_platform')
        .default('none'),
      'caching-mode': z
        .boolean()
        .describe('QEMU, intel-iommu: the guest announces what it maps, too; assigned devices need it')
        .default(false),
      strict: z
        .boolean()
        .describe(
          'guest kernel, iommu.strict=1: each unmap is announced at once; forced by caching-mode, and with virtio-iommu before Linux 6.8',
        )
        .default(false),
    })
    .prefault({})
    .describe('an IOMMU that the guest sees'),
  net: z
    .strictObject({
      queues: onlyOne('queue'),
      tunables: z
        .strictObject(virtioTunableShape)
        .partial()
        .describe('of this VM’s device, before those of `parameters`; a datapath takes those it has')
        .prefault({}),
      devices: z
        .array(cardKind)
        .max(8)
        .describe('cards besides that of its datapath, on the bus behind it; the first with a driver is used')
        .optional(),
    })
    .prefault({}),
  disk: blockQueueSchema.optional(),
  swiotlb: z
    .strictObject({
      size: size({ positive: true, most: '1 GiB' }).describe('of all of them').prefault('64 MiB'),
    })
    .describe(
      'guest kernel, swiotlb=…,force, as in a confidential VM: all that its disk reads and writes is copied through bounce buffers',
    )
    .optional(),
  guest: guestSchema.optional(),
  hostile: z
    .strictObject({
      misdeed: z.enum(MISDEEDS).describe('what is wrong with the buffer that it offers'),
      queue: z.enum(['tx', 'rx']).describe('of its virtio device').default('tx'),
      after: time({ most: '1000 s' }).describe(
        'simulated time of the first one, from the start of the trial',
      ),
      every: time({ positive: true, most: '1000 s' })
        .describe('from one to the next; once where not given')
        .optional(),
    })
    .describe('its driver breaks a rule of the ring, and kicks')
    .optional(),
  datapath: datapathKind.describe('always this one, whatever the others are compared on').optional(),
});

export const vmSchema = vmShape.refine(
  ({ vcpus, pin }) => pin.vcpus === undefined || pin.vcpus.length === vcpus,
  {
    path: ['pin', 'vcpus'],
    message: 'needs one entry for each vCPU, e.g. [0], or [[0, 1]] for two cores to choose from',
  },
);

export type VmSettings = z.output<typeof vmSchema>;

/** Slots of its bounce buffers. */
export const bounceSlots = ({ swiotlb }: VmSettings): { swiotlb?: number } =>
  swiotlb === undefined ? {} : { swiotlb: Math.floor(swiotlb.size / SLOT_SIZE) };

/** The IOMMU that a VM's guest sees, as its datapath is given it. */
export const guestIommu = ({ viommu }: VmSettings): { viommu?: GuestIommuSettings } => {
  const { device, strict, 'caching-mode': cachingMode } = viommu;
  if (device === 'none') return {};
  return { viommu: device === 'virtio-iommu' ? { device, strict } : { device, cachingMode, strict } };
};
