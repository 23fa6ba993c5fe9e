/**
 * Classes of disks by name, and a disk of given settings. The figures are those of typical devices of each class, recalled from data
 * sheets and reviews; `disk-classes.test.ts` holds them against the latencies and rates of such devices.
 * AnandTech 2017, random reads of 4 KiB: P4800X 8.9 us at depth 1, 585 k/s at depth 16; P3700 77.9 us and 167 k/s.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { RandomStream } from '../../../kernel/random.ts';
import type { Simulation } from '../../../kernel/simulation.ts';
import { type BitsPerSecond, bitsPerSecond, bytes, ms, type Picoseconds, us } from '../../../units.ts';
import type { Disk } from './disk.ts';
import { FlashDisk, type FlashSettings } from './flash-disk.ts';
import { HardDisk, type HardDiskSettings } from './hard-disk.ts';
import { NullDisk, type NullSettings, SerialDisk, type SerialSettings } from './simple-disks.ts';

export type DiskSettings = FlashSettings | HardDiskSettings | NullSettings | SerialSettings;

const megabytesPerSecond = (rate: number): BitsPerSecond => bitsPerSecond(rate * 8e6);
const KIB = 1024;
const MIB = 1024 * KIB;
const GB = 1e9;

/** What NVMe allows in one queue of Linux's driver (1,023 entries), for each CPU of a large host. */
const NVME_DEPTH = 65_536;
/** Native command queuing of SATA. */
const NCQ_DEPTH = 32;

const flash = { kind: 'flash', planes: 1, channelRate: null, powerLossProtection: true } as const;

export const DISK_CLASSES = {
  'sata-ssd': {
    ...flash,
    capacity: bytes(960 * GB),
    queueDepth: NCQ_DEPTH,
    channels: 4,
    dies: 4,
    command: us(10.2),
    readFirmware: us(25),
    writeFirmware: us(22),
    read: us(58),
    readSigma: 0.15,
    program: us(700),
    programUnit: bytes(16 * KIB),
    readRate: megabytesPerSecond(540),
    writeRate: megabytesPerSecond(520),
    buffer: bytes(16 * MIB),
    writeAmplification: 2.5,
    garbagePages: 4,
    suspend: us(200),
    powerLossProtection: false,
  },
  'nvme-tlc': {
    ...flash,
    capacity: bytes(1920 * GB),
    queueDepth: NVME_DEPTH,
    channels: 8,
    dies: 8,
    command: us(1.6),
    readFirmware: us(12),
    writeFirmware: us(10),
    read: us(62),
    readSigma: 0.12,
    program: us(600),
    programUnit: bytes(32 * KIB),
    readRate: megabytesPerSecond(3200),
    writeRate: megabytesPerSecond(3000),
    buffer: bytes(64 * MIB),
    writeAmplification: 3,
    garbagePages: 4,
    suspend: us(100),
  },
  optane: {
    ...flash,
    capacity: bytes(375 * GB),
    queueDepth: NVME_DEPTH,
    channels: 4,
    dies: 4,
    command: us(1.7),
    readFirmware: us(2.5),
    writeFirmware: us(3),
    read: us(3),
    readSigma: 0.08,
    program: us(4),
    programUnit: bytes(4 * KIB),
    readRate: megabytesPerSecond(2400),
    writeRate: megabytesPerSecond(2200),
    buffer: bytes(0),
    writeAmplification: 1,
    garbagePages: 1,
    suspend: null as Picoseconds | null,
  },
  'hdd-7200': {
    kind: 'hard-disk',
    capacity: bytes(4000 * GB),
    queueDepth: NCQ_DEPTH,
    overhead: ms(0.15),
    seek: ms(0.8),
    stroke: ms(12),
    rotation: ms(8.333),
    rate: megabytesPerSecond(180),
    order: 'fifo',
  },
  null: {
    kind: 'null',
    capacity: bytes(250 * GB),
    queueDepth: NVME_DEPTH,
    completion: us(0),
  },
  serial: {
    kind: 'serial',
    capacity: bytes(1000 * GB),
    queueDepth: NVME_DEPTH,
    command: us(5),
    rate: megabytesPerSecond(2000),
  },
} as const satisfies Record<string, DiskSettings>;

export type DiskClass = keyof typeof DISK_CLASSES;

/** @param random names a stream of random numbers. */
export const diskOf = (
  sim: Simulation,
  books: Accounting,
  settings: DiskSettings,
  random: (variate: string) => RandomStream,
): Disk => {
  switch (settings.kind) {
    case 'flash':
      return new FlashDisk(sim, books, settings, random);
    case 'hard-disk':
      return new HardDisk(sim, books, settings, random);
    case 'null':
      return new NullDisk(sim, books, settings);
    case 'serial':
      return new SerialDisk(sim, books, settings);
  }
};
