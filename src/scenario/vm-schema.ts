/** What a scenario may say of a VM: where it runs, its device's tunables, and a datapath of its own. */
import { z } from 'zod';
import { datapaths } from '../datapaths/index.ts';
import { virtioTunableShape } from '../datapaths/virtio-params.ts';
import type { GuestIommuSettings } from '../datapaths/world.ts';

export const core = z.int().min(0).max(255);
const coreSet = z.union([core, z.array(core).min(1)]).describe('a core, or the cores it may run on');

export const datapathKind = z.enum(datapaths.map(({ kind }) => kind) as [string, ...string[]]);

/** Multiqueue and SMP guests are not modelled yet; the words are there so that scenarios need not change. */
const onlyOne = (what: string) =>
  z
    .literal(1, { error: `more than one ${what} is not modelled yet` })
    .describe(`number of ${what}s; one so far`)
    .default(1);

export const vmSchema = z.strictObject({
  vcpus: onlyOne('vCPU'),
  pin: z
    .strictObject({
      vcpus: z
        .array(coreSet)
        .length(1, {
          error: 'needs one entry for each vCPU, e.g. [0], or [[0, 1]] for two cores to choose from',
        })
        .describe('for each vCPU the core, or the cores, it may run on')
        .optional(),
      backend: coreSet.describe('cores that vhost worker and QEMU may run on').optional(),
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
        .enum(['none', 'intel-iommu'])
        .describe('QEMU’s device in front of the others; virtio passes it only with iommu_platform')
        .default('none'),
      'caching-mode': z
        .boolean()
        .describe('QEMU, intel-iommu: the guest announces what it maps, too; assigned devices need it')
        .default(false),
      strict: z
        .boolean()
        .describe('guest kernel, iommu.strict=1: each unmap is announced at once; forced by caching-mode')
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
    })
    .prefault({}),
  datapath: datapathKind.describe('always this one, whatever the others are compared on').optional(),
});

export type VmSettings = z.output<typeof vmSchema>;

/** The IOMMU that a VM's guest sees, as its datapath is given it. */
export const guestIommu = ({ viommu }: VmSettings): { viommu?: GuestIommuSettings } =>
  viommu.device === 'none' ? {} : { viommu: { cachingMode: viommu['caching-mode'], strict: viommu.strict } };
