/** A machine profile: clocks, cores, devices and every price with its source. */
import { z } from 'zod';
import type { Machine } from '../datapaths/machine.ts';
import { ns } from '../units.ts';
import { diskSchema, diskSettings } from './disk-schema.ts';
import { priced, priceSchema } from './price.ts';
import { bitRate, frequency, share, time } from './text/quantity-schemas.ts';

/** So that no sum of what waits behind each other leaves the range of exact picoseconds. */
const span = () => time({ most: '100 s' });
const linkRate = () => bitRate({ least: '1 Mbit/s', most: '100 Tbit/s' });

export const moderationSchema = z.strictObject({
  kind: z
    .enum(['off', 'hold-off', 'throttle'])
    .describe('off; hold-off: `gap` after the first completion; throttle: at most one interrupt per `gap`'),
  gap: span().describe('for received frames'),
  txGap: span().describe('for transmitted frames; as `gap` where not given').optional(),
});

const featuresSchema = z.strictObject({
  apicv: z.boolean().describe('posted interrupts to running vCPUs, EOI without exit'),
  pvEoi: z.boolean().describe('KVM_FEATURE_PV_EOI: edge-triggered EOI without exit where there is no APICv'),
  postedInterrupts: z
    .boolean()
    .describe('interrupts of assigned devices are posted by the IOMMU (VT-d PI); needs apicv'),
  fastMmio: z.boolean().describe('kicks are recognised without decoding the instruction'),
  ats: z
    .boolean()
    .describe(
      'PCIe ATS: devices keep translations themselves, and are told of each invalidation; false if absent',
    )
    .optional(),
  tickStop: z.boolean().describe('the guest stops its tick in idle: a TSC_DEADLINE write each way'),
});

const nicSchema = z.strictObject({
  rate: linkRate(),
  propagation: span().describe('one way, cable and switches'),
  pcieRate: linkRate().describe('usable PCIe bandwidth each way'),
  doorbellLatency: span(),
  dmaRead: span().describe('round trip of one DMA read'),
  dmaWrite: span().describe('until a DMA write is visible'),
  pipelineTransmit: span(),
  pipelineReceive: span(),
  translation: span().describe('address translation per DMA, IOTLB hit'),
  txRing: z.int().min(64).max(32_768),
  rxRing: z.int().min(64).max(32_768),
  moderation: moderationSchema,
});

export const iotlbSchema = z.strictObject({
  entries: z.int().min(1).max(65_536).describe('translations that the IOTLB holds'),
  walkRead: span().describe('one memory read of a page walk; 4 KiB pages take four, 2 MiB three, 1 GiB two'),
  deviceEntries: z.int().min(1).max(65_536).describe('translations that a device holds itself, with ATS'),
});

/** As pcie-bench found them (Neugebauer et al., SIGCOMM 2018): 64 entries; a miss of about 330 ns, here four reads. */
const IOTLB = { entries: 64, walkRead: ns(82.5), deviceEntries: 64 };

/** As the kernel keeps its module parameters. */
const unsigned = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);

export const profileSchema = z.strictObject({
  title: z.string().min(1),
  note: z.string().optional(),
  clock: frequency({ least: '1 MHz', most: '1000 GHz' }).describe('clock of every core'),
  cores: z.int().min(1).max(256),
  features: featuresSchema,
  iommu: z.enum(['passthrough', 'lazy', 'strict']),
  iotlb: iotlbSchema
    .describe('64 entries, reads of 82.5 ns and device caches of 64 entries where not given')
    .optional(),
  idleStates: z
    .array(z.strictObject({ name: z.string(), after: span(), exitLatency: span() }))
    .min(1)
    .describe('what an idle core steps down through; the first begins at 0'),
  scheduler: z.strictObject({
    policy: z.enum(['eevdf', 'cfs']),
    slice: time({ positive: true, most: '100 s' }).describe(
      'turn of a host thread while others wait; 12 ms where a scenario turns to cfs and says nothing',
    ),
    wakeupGranularity: span(),
    tick: time({ least: '100 us', most: '100 s' }).describe('1/HZ'),
  }),
  kvm: z
    .strictObject({
      halt_poll_ns: unsigned,
      halt_poll_ns_grow: unsigned,
      halt_poll_ns_grow_start: unsigned,
      halt_poll_ns_shrink: unsigned,
    })
    .describe('module parameters of kvm, by their real names'),
  haltPollGrid: span().describe('gap between two looks of the halt-polling loop'),
  exitOutShare: share().describe('share of an exit that passes before the host acts'),
  nic: nicSchema,
  disk: diskSchema,
  costs: z.record(z.string(), priceSchema).describe('every named price'),
});

export type Profile = z.output<typeof profileSchema>;

/** The machine that a profile describes, prices in integer picoseconds. */
export const machineOf = (profile: Profile, irqCore: number): Machine => {
  const { txRing, rxRing, moderation, translation, ...nic } = profile.nic;
  const prices = Object.entries(profile.costs).map(
    ([name, entry]) => [name, priced(entry, profile.clock)] as const,
  );
  return {
    clock: profile.clock,
    cores: profile.cores,
    prices: new Map(prices),
    idleStates: profile.idleStates,
    nic,
    disk: diskSettings(profile.disk),
    nicRings: { tx: txRing, rx: rxRing },
    moderation: { ...moderation, txGap: moderation.txGap ?? moderation.gap },
    iommu: profile.iommu,
    iotlb: { ...IOTLB, ...profile.iotlb, lookup: translation },
    scheduler: profile.scheduler,
    haltPoll: profile.kvm,
    haltPollGrid: profile.haltPollGrid,
    ...profile.features,
    ats: profile.features.ats ?? false,
    // VT-d posts to a vCPU's virtual APIC page: without APICv there is none (vmx_pi_update_irte).
    postedInterrupts: profile.features.postedInterrupts && profile.features.apicv,
    exitOutShare: profile.exitOutShare,
    irqCore,
  };
};
