/** What a hostile or broken driver writes into a ring: one buffer each that breaks one rule. */
import { DESCRIPTOR_SIZE, DescriptorTable, INDIRECT, NEXT, WRITE } from './descriptor.ts';
import { availableFlags, type Cursor, type PackedRing } from './packed-ring.ts';
import type { SplitRing } from './split-ring.ts';

/** Addresses that belong to the guest, and some that belong to nobody. */
const INSIDE = 65_536;
const TABLE = 131_072;
const OUTSIDE = 2 ** 40;
const WRAPS_AROUND = 2 ** 64 - 2048;
const LENGTH = 64;
/** Descriptors of the longest misdeed; `next` counts from the first of them. */
const SLOTS = 2;

interface Descriptor {
  readonly address?: number;
  readonly length?: number;
  readonly flags?: number;
  readonly next?: number;
}

/** A buffer as it stands in the ring's table, and in an indirect one. */
interface Buffer {
  readonly ring: readonly Descriptor[];
  readonly table?: readonly Descriptor[];
}

const table = (entries: readonly Descriptor[], more: Descriptor = {}): Buffer => ({
  ring: [{ address: TABLE, length: entries.length * DESCRIPTOR_SIZE, flags: INDIRECT, ...more }],
  table: entries,
});

const loop: Buffer = {
  ring: [
    { flags: NEXT, next: 1 },
    { flags: NEXT, next: 0 },
  ],
};

/** By name, what breaks the rules of either layout. */
const BUFFERS = {
  'looped chain': loop,
  'address outside memory': { ring: [{ address: OUTSIDE }] },
  'address that wraps around': { ring: [{ address: WRAPS_AROUND, length: 4096 }] },
  'length beyond memory': { ring: [{ length: 2 ** 32 - 1 }] },
  'zero length': { ring: [{ length: 0 }] },
  'readable after writable': {
    ring: [
      { flags: WRITE | NEXT, next: 1 },
      { flags: 0, next: 0 },
    ],
  },
  'nested indirect table': table([{ address: TABLE, length: DESCRIPTOR_SIZE, flags: INDIRECT }]),
  'bad indirect length': table([{}], { length: 24 }),
  'indirect table outside memory': { ring: [{ address: OUTSIDE, length: 32, flags: INDIRECT }] },
} as const satisfies Record<string, Buffer>;

/** What only a split ring has room for. */
const SPLIT_ONLY = ['avail index jump', 'head out of range', 'next out of range'] as const;

export const MISDEEDS = [...SPLIT_ONLY, ...(Object.keys(BUFFERS) as (keyof typeof BUFFERS)[])] as const;
export type Misdeed = (typeof MISDEEDS)[number];

/** Whether only a split ring has room for it. */
export const isSplitOnly = (misdeed: Misdeed): misdeed is (typeof SPLIT_ONLY)[number] =>
  (SPLIT_ONLY as readonly string[]).includes(misdeed);

const write = (into: DescriptorTable, slot: number, descriptor: Descriptor): void => {
  const { address = INSIDE, length = LENGTH, flags = 0, next = 0 } = descriptor;
  into.write(slot, address, length, flags, next);
};

const addTable = (indirect: Map<number, DescriptorTable>, entries: readonly Descriptor[] = []): void => {
  if (entries.length === 0) return;
  const nested = new DescriptorTable(entries.length);
  entries.forEach((entry, slot) => {
    write(nested, slot, entry);
  });
  indirect.set(TABLE, nested);
};

/** Writes the misdeed as the next buffer of the driver's. @returns the entries of the avail ring that it claims. */
export const misbehaveSplit = (ring: SplitRing, misdeed: Misdeed): number => {
  const entry = ring.availIdx & (ring.size - 1);
  const claimed = misdeed === 'avail index jump' ? ring.size + 1 : 1;
  // The last slots: a driver that takes and gives back the first ones would mend what stands there.
  const first = ring.size - SLOTS;
  ring.avail[entry] = misdeed === 'head out of range' ? ring.size : first;
  if (misdeed === 'next out of range') write(ring.table, first, { flags: NEXT, next: ring.size });
  else if (!isSplitOnly(misdeed)) {
    const { ring: slots, table: nested }: Buffer = BUFFERS[misdeed];
    slots.forEach((descriptor, i) => {
      write(ring.table, first + i, { ...descriptor, next: first + (descriptor.next ?? 0) });
    });
    addTable(ring.indirect, nested);
  }
  ring.availIdx = (ring.availIdx + claimed) & 0xffff;
  ring.lines.driverWrote(ring.availEntryLine(entry));
  ring.lines.driverWrote(ring.availLine);
  ring.onOffered?.();
  return claimed;
};

/**
 * As `misbehaveSplit`. @param cursor where the driver would write its next buffer.
 * @returns the slots that it takes: none where the layout has no room for such a misdeed.
 */
export const misbehavePacked = (ring: PackedRing, { slot, wrap }: Cursor, misdeed: Misdeed): number => {
  if (isSplitOnly(misdeed)) return 0;
  const { flags } = ring.table;
  const { ring: slots, table: nested }: Buffer = BUFFERS[misdeed];
  // A loop is a chain that goes all the way round.
  const chain = misdeed === 'looped chain' ? Array<Descriptor>(ring.size).fill({ flags: NEXT }) : slots;
  chain.forEach((descriptor, i) => {
    write(ring.table, (slot + i) % ring.size, descriptor);
  });
  addTable(ring.indirect, nested);
  flags[slot] |= availableFlags(wrap);
  ring.lines.driverWrote(ring.tableLine(slot));
  ring.onOffered?.();
  return chain.length;
};
