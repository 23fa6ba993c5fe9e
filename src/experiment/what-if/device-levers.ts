/** Times of devices and idle cores that are no cost of a core, as levers. */
import { diskSettings } from '../../scenario/disk-schema.ts';
import type { ScenarioPoint } from '../../scenario/load.ts';
import type { Profile } from '../../scenario/profile.ts';
import { type BitsPerSecond, cycles, duration, type Picoseconds } from '../../units.ts';
import type { Lever } from './levers.ts';

/** A free wire is one of the greatest rate that a profile may have. */
const RATE_MAX = 100e12;

/** The rate at which a transfer takes `factor` times as long. */
const slowed = (figure: number, factor: number): BitsPerSecond =>
  Math.min(RATE_MAX, figure / Math.max(factor, figure / RATE_MAX)) as BitsPerSecond;

type NicTime =
  | 'propagation'
  | 'doorbellLatency'
  | 'dmaRead'
  | 'dmaWrite'
  | 'pipelineTransmit'
  | 'pipelineReceive'
  | 'translation';

const nicTime = (name: string, key: NicTime): Lever => ({
  name,
  scale: (profile, factor) => ({
    ...profile,
    nic: { ...profile.nic, [key]: Math.round(profile.nic[key] * factor) as Picoseconds },
  }),
});

const NIC_LEVERS: readonly Lever[] = [
  {
    name: 'NIC: time on the wire',
    scale: (profile, factor) => ({
      ...profile,
      nic: { ...profile.nic, rate: slowed(profile.nic.rate, factor) },
    }),
  },
  {
    name: 'NIC: time on PCIe',
    scale: (profile, factor) => ({
      ...profile,
      nic: { ...profile.nic, pcieRate: slowed(profile.nic.pcieRate, factor) },
    }),
  },
  nicTime('cable and switches', 'propagation'),
  nicTime('NIC: doorbell', 'doorbellLatency'),
  nicTime('NIC: DMA read', 'dmaRead'),
  nicTime('NIC: DMA write', 'dmaWrite'),
  nicTime('NIC: transmit pipeline', 'pipelineTransmit'),
  nicTime('NIC: receive pipeline', 'pipelineReceive'),
  nicTime('NIC: address translation', 'translation'),
  {
    name: 'NIC: interrupt moderation',
    scale: (profile, factor) => {
      const { moderation } = profile.nic;
      const gap = Math.round(moderation.gap * factor) as Picoseconds;
      const txGap =
        moderation.txGap === undefined ? {} : { txGap: Math.round(moderation.txGap * factor) as Picoseconds };
      return { ...profile, nic: { ...profile.nic, moderation: { ...moderation, gap, ...txGap } } };
    },
  },
];

const CORE_LEVERS: readonly Lever[] = [
  {
    name: 'exit of idle states',
    scale: (profile, factor) => ({
      ...profile,
      idleStates: profile.idleStates.map((state) => ({
        ...state,
        exitLatency: Math.round(state.exitLatency * factor) as Picoseconds,
      })),
    }),
  },
  {
    name: 'KVM: gap of halt polling',
    scale: (profile, factor) => ({
      ...profile,
      haltPollGrid: Math.max(
        Math.round(profile.haltPollGrid * factor),
        duration(cycles(1), profile.clock),
      ) as Picoseconds,
    }),
  },
];

const DISK_TIMES = [
  'command',
  'readFirmware',
  'writeFirmware',
  'read',
  'program',
  'overhead',
  'seek',
  'stroke',
  'rotation',
  'completion',
] as const;
const DISK_RATES = ['readRate', 'writeRate', 'channelRate', 'rate'] as const;

/** What this class of disks has of times and rates. */
const diskLevers = ({ disk }: Profile): Lever[] => {
  const settings = new Map<string, unknown>(Object.entries(diskSettings(disk)));
  const lever = (key: string, scaled: (figure: number, factor: number) => number): Lever[] => {
    const figure = settings.get(key);
    if (typeof figure !== 'number' || figure === 0) return [];
    return [
      {
        name: `disk: ${key}`,
        scale: (profile, factor) =>
          factor === 1 ? profile : { ...profile, disk: { ...profile.disk, [key]: scaled(figure, factor) } },
      },
    ];
  };
  return [
    ...DISK_TIMES.flatMap((key) => lever(key, (figure, factor) => Math.round(figure * factor))),
    ...DISK_RATES.flatMap((key) => lever(key, slowed)),
  ];
};

/** Those that the workloads of a point can feel. */
export const deviceLevers = ({ scenario, profile }: ScenarioPoint): Lever[] => {
  const kinds = Object.values(scenario.workloads).map(({ kind }) => kind);
  return [
    ...(kinds.some((kind) => kind !== 'fio') ? NIC_LEVERS : []),
    ...(kinds.includes('fio') ? diskLevers(profile) : []),
    ...CORE_LEVERS,
  ];
};
