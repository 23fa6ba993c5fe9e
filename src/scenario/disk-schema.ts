/** The machine's disk: a class by name, and what of it is different. */
import { z } from 'zod';
import { DISK_CLASSES, type DiskClass, type DiskSettings } from '../models/hardware/disk/disk-classes.ts';
import { bitRate, size, time } from './text/quantity-schemas.ts';

const span = () => time({ most: '100 s' });
const linkRate = () => bitRate({ least: '1 Mbit/s', most: '100 Tbit/s' });
const some = (most: number) => z.int().min(1).max(most);

/** What each kind of disk has besides its capacity and depth. */
const KEYS = {
  flash: {
    channels: some(1024),
    dies: some(1024).describe('dies of each channel'),
    planes: some(16).describe('planes of each die that work on their own'),
    command: span().describe('the controller for one command: its most commands a second'),
    readFirmware: span(),
    writeFirmware: span(),
    read: span().describe('median time of a page of 4 KiB'),
    readSigma: z.number().min(0).max(3).describe('standard deviation of the logarithm of that time'),
    program: span().describe('one program'),
    programUnit: size({ positive: true }).describe('bytes of one program'),
    readRate: linkRate(),
    writeRate: linkRate(),
    channelRate: z
      .union([z.null(), linkRate()])
      .describe('bus of a channel; null: fast enough not to matter'),
    buffer: size().describe('writes may be ahead of the flash by so much; 0: a write waits for its program'),
    writeAmplification: z
      .number()
      .min(1)
      .max(100)
      .describe('bytes programmed for each byte written, under steady random writes'),
    garbagePages: some(4096).describe('pages that are moved together when garbage is collected'),
    suspend: z
      .union([z.null(), span()])
      .describe('until a read may cut a program; null: it waits for its end'),
    powerLossProtection: z.boolean().describe('capacitors keep the buffer: a flush need not empty it'),
  },
  'hard-disk': {
    overhead: span(),
    seek: span().describe('shortest seek'),
    stroke: span().describe('what a seek over the whole disk takes besides'),
    rotation: span().describe('one turn'),
    rate: linkRate(),
    order: z
      .enum(['fifo', 'elevator'])
      .describe('who is served next: the first to come, or as the arm passes'),
  },
  null: { completion: span().describe('null_blk, completion_nsec') },
  serial: { command: span(), rate: linkRate() },
} as const satisfies Record<DiskSettings['kind'], z.ZodRawShape>;

const shared = {
  capacity: size({ positive: true }),
  queueDepth: some(1 << 20).describe('I/Os that the disk takes at once'),
};

const optional = (shape: z.ZodRawShape): z.ZodRawShape =>
  Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, (schema as z.ZodType).optional()]));

const diskShape = {
  // Unquoted, YAML takes the name of one class for nothing at all.
  class: z
    .union([z.enum(Object.keys(DISK_CLASSES) as [DiskClass, ...DiskClass[]]), z.null()])
    .describe('what the disk is like; null is Linux’s null_blk'),
  ...optional({ ...shared, ...KEYS['hard-disk'], ...KEYS.null, ...KEYS.serial, ...KEYS.flash }),
};

export const diskSchema = z
  .strictObject(diskShape as typeof diskShape & { class: z.ZodType<DiskClass | null> })
  .describe('the disk of the host: a class, and what of it is different');

export type DiskChoice = { readonly class: DiskClass | null } & Readonly<Record<string, unknown>>;

/** The class that is meant, with its name. */
export const classOf = ({ class: name }: DiskChoice): DiskClass => name ?? 'null';

/** Keys that this class of disks does not have. */
export const foreignKeys = ({ class: name, ...overrides }: DiskChoice): string[] => {
  const known = { ...shared, ...KEYS[DISK_CLASSES[name ?? 'null'].kind] };
  return Object.keys(overrides).filter((key) => overrides[key] !== undefined && !Object.hasOwn(known, key));
};

/** Whose keys a class takes. */
export const keysOf = (name: DiskClass): readonly string[] =>
  Object.keys({ ...shared, ...KEYS[DISK_CLASSES[name].kind] });

export const diskSettings = ({ class: name, ...overrides }: DiskChoice): DiskSettings => {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  return { ...DISK_CLASSES[name ?? 'null'], ...Object.fromEntries(given) } as DiskSettings;
};
