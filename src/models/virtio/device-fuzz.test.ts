/**
 * A million seeded rings of hostile drivers, in both layouts and before every backend: a buffer is taken exactly when the
 * rules in plain words allow it, with exactly its pieces, all of them inside the guest's memory.
 */
import { describe, expect, test } from 'vitest';
import { type RandomStream, streams } from '../../kernel/random.ts';
import { type Backend, backendRules } from './backend-rules.ts';
import { DescriptorTable, INDIRECT, NEXT, WRITE } from './descriptor.ts';
import { ANY_BUFFER, BROKEN, type BufferRule, type DeviceQueue } from './device-queue.ts';
import type { Fault } from './fault.ts';
import { GuestMemory } from './guest-memory.ts';
import { receiveBuffer, transmitBuffer } from './net-buffer.ts';
import { PackedDevice } from './packed-device.ts';
import { availableFlags, PackedRing } from './packed-ring.ts';
import { SplitDevice } from './split-device.ts';
import { SplitRing } from './split-ring.ts';

const CASES = 1_000_000;
const TABLES = [65_536, 131_072] as const;
const MEMORY = new GuestMemory(200);

type Purpose = 'any' | 'transmit' | 'receive';
const RULES: Readonly<Record<Purpose, BufferRule>> = {
  any: ANY_BUFFER,
  transmit: transmitBuffer,
  receive: receiveBuffer,
};

interface Setup {
  readonly layout: 'split' | 'packed';
  readonly backend: Backend;
  readonly size: number;
  readonly purpose: Purpose;
}

/** What the rules say of a buffer: the faults that a device may name first, or its pieces. */
interface Verdict {
  readonly faults: readonly Fault[];
  readonly pieces: readonly (readonly [address: number, length: number, writable: boolean])[];
}

const bad = (...faults: Fault[]): Verdict => ({ faults, pieces: [] });

/** One descriptor's own faults, in no order. */
const descriptorFaults = (
  backend: Backend,
  [address, length, flags]: readonly [number, number, number],
  before: Verdict['pieces'],
): Fault[] => {
  const faults: Fault[] = [];
  const readable = (flags & WRITE) === 0;
  if (backend !== 'dpdk' && readable && before.some(([, , writable]) => writable)) {
    faults.push('readable piece after a writable one');
  }
  if (length === 0) return backend === 'qemu' || backend === 'hardware' ? [...faults, 'zero length'] : faults;
  if (!(address >= 0 && address + length <= MEMORY.size)) faults.push('address outside guest memory');
  if (before.length === 1024) faults.push('too many pieces');
  return faults;
};

const tableFaults = (backend: Backend, length: number, flags: number, exists: boolean): Fault[] => {
  const faults: Fault[] = [];
  if (length === 0 || length % 16 !== 0) faults.push('bad indirect table length');
  if (backend !== 'qemu' && length > 16 * 65_536) faults.push('bad indirect table length');
  if (!exists) faults.push('indirect table outside guest memory');
  if ((flags & NEXT) !== 0) faults.push('nested indirect table');
  return faults;
};

/** Follows a chain step by step. @param next the slot after one, or what is wrong with going there; null: the end. */
const follow = (
  table: DescriptorTable,
  { backend, size }: Setup,
  first: number,
  next: (slot: number) => number | Fault | null,
  indirect: ReadonlyMap<number, DescriptorTable>,
  inside: (nested: DescriptorTable, entries: number, before: Verdict['pieces']) => Verdict,
): Verdict & { readonly slots: number } => {
  const pieces: (readonly [number, number, boolean])[] = [];
  let slot = first;
  for (let slots = 1; slots <= size; slots++) {
    const [address, length, flags] = [table.address[slot], table.length[slot], table.flags[slot]];
    if (flags & INDIRECT) {
      const nested = indirect.get(address);
      const there = nested !== undefined && address + length <= MEMORY.size;
      const faults = tableFaults(backend, length, flags, there);
      if (faults.length > 0 || nested === undefined) return { ...bad(...faults), slots };
      return { ...inside(nested, Math.min(nested.size, length / 16), pieces), slots };
    }
    const faults = descriptorFaults(backend, [address, length, flags], pieces);
    if (faults.length > 0) return { ...bad(...faults), slots };
    if (length > 0) pieces.push([address, length, (flags & WRITE) !== 0]);
    const after = next(slot);
    if (after === null) return { faults: [], pieces, slots };
    if (typeof after === 'string') return { ...bad(after), slots };
    slot = after;
  }
  return { ...bad('looped chain'), slots: size };
};

/** Entries of an indirect table: linked on a split ring, one after the other on a packed one. */
const insideSplit =
  (backend: Backend) =>
  (nested: DescriptorTable, entries: number, before: Verdict['pieces']): Verdict => {
    const pieces = [...before];
    let slot = 0;
    for (let steps = 0; steps < entries; steps++) {
      const flags = nested.flags[slot];
      if (flags & INDIRECT) return bad('nested indirect table');
      const faults = descriptorFaults(backend, [nested.address[slot], nested.length[slot], flags], pieces);
      if (faults.length > 0) return bad(...faults);
      if (nested.length[slot] > 0)
        pieces.push([nested.address[slot], nested.length[slot], (flags & WRITE) !== 0]);
      if ((flags & NEXT) === 0) return { faults: [], pieces };
      slot = nested.next[slot];
      if (slot >= entries) return bad('next out of range');
    }
    return bad('looped chain');
  };

const insidePacked =
  (backend: Backend) =>
  (nested: DescriptorTable, entries: number, before: Verdict['pieces']): Verdict => {
    const pieces = [...before];
    for (let slot = 0; slot < entries; slot++) {
      const flags = nested.flags[slot];
      if (flags & INDIRECT) return bad('nested indirect table');
      const faults = descriptorFaults(backend, [nested.address[slot], nested.length[slot], flags], pieces);
      if (faults.length > 0) return bad(...faults);
      if (nested.length[slot] > 0)
        pieces.push([nested.address[slot], nested.length[slot], (flags & WRITE) !== 0]);
    }
    return { faults: [], pieces };
  };

/** What virtio-net asks of a buffer besides (virtio_net_flush_tx, virtio_net_receive; get_tx_bufs, get_rx_bufs). */
const purposeFaults = ({ backend, purpose }: Setup, { pieces }: Verdict): Fault[] => {
  const strict = backend === 'vhost' || backend === 'hardware';
  const readable = pieces.findIndex(([, , writable]) => writable);
  const leading = readable < 0 ? pieces.length : readable;
  const all = backend === 'dpdk';
  const bytes = pieces.slice(0, all ? pieces.length : leading).reduce((sum, [, length]) => sum + length, 0);
  const faults: Fault[] = [];
  if (purpose === 'transmit' && strict) {
    if (leading < pieces.length) faults.push('writable piece in a transmit buffer');
    if (bytes <= 12) faults.push('nothing behind the header');
  } else if (purpose === 'transmit') {
    if ((all ? pieces.length : leading) === 0) faults.push('no readable piece in a transmit buffer');
    if (bytes < 12) faults.push('header cut short');
  } else if (purpose === 'receive') {
    if (strict && leading > 0) faults.push('readable piece in a receive buffer');
    if (all ? pieces.length === 0 : leading === pieces.length)
      faults.push('no writable piece in a receive buffer');
  }
  return faults;
};

/** Hostile descriptors, with a good many harmless ones among them. */
class Descriptors {
  private readonly random: RandomStream;

  constructor(random: RandomStream) {
    this.random = random;
  }

  pick<T>(...values: readonly T[]): T {
    return values[this.random.integer(values.length)];
  }

  chance(share: number): boolean {
    return this.random.bernoulli(share);
  }

  integer(below: number): number {
    return this.random.integer(below);
  }

  private address(): number {
    const { size } = MEMORY;
    if (this.chance(0.95)) return 2048 * this.integer(size / 2048);
    return this.pick(size - 1, size - 64, size, 2 ** 32, 2 ** 64 - 2048);
  }

  fill(table: DescriptorTable, slots: readonly number[], tables: boolean): void {
    const writable = this.chance(0.5);
    for (const slot of slots) {
      let address = this.address();
      let length = this.chance(0.95) ? 1 + this.integer(64) : this.pick(0, 2048, 4096, 2 ** 32 - 1);
      let flags = (this.chance(0.9) === writable ? WRITE : 0) | (this.chance(0.5) ? NEXT : 0);
      if (this.chance(tables ? 0.15 : 0.01)) {
        flags = INDIRECT | (this.chance(0.05) ? NEXT : 0);
        address = this.chance(0.95) ? this.pick(...TABLES) : address;
        length = this.chance(0.9) ? 16 * (1 + this.integer(5)) : this.pick(0, 15, 24, 2 ** 20, 16 * 65_537);
      }
      const next = this.chance(0.97) ? this.integer(table.size) : this.integer(65_536);
      table.write(slot, address, length, flags, next);
    }
  }
}

abstract class Fuzz {
  protected readonly setup: Setup;
  protected readonly draw: Descriptors;
  protected readonly nested = new Map<number, DescriptorTable>();
  protected abstract readonly device: DeviceQueue;
  private readonly held: number[] = [];
  readonly outcomes = new Map<string, number>();

  constructor(setup: Setup, seed: number) {
    this.setup = setup;
    this.draw = new Descriptors(streams(seed, 0).stream(JSON.stringify(setup)));
    for (const address of TABLES) this.nested.set(address, new DescriptorTable(4));
  }

  /** Writes the next case into the ring. @returns what is to come of it. */
  protected abstract offer(): Verdict;
  /** The device took the buffer. */
  protected abstract taken(): void;
  /** The device gives a buffer back. */
  protected abstract gaveBack(): void;

  protected get holds(): number {
    return this.held.length;
  }

  run(cases: number): void {
    for (let i = 0; i < cases; i++) this.step();
  }

  private step(): void {
    const { device, draw, setup } = this;
    while (this.held.length > 0 && draw.chance(0.6)) this.giveBack();
    for (const nested of this.nested.values()) draw.fill(nested, [0, 1, 2, 3], false);
    const offered = this.offer();
    const faults = offered.faults.length > 0 ? offered.faults : purposeFaults(setup, offered);
    device.fault = null;
    const popped = device.pop();
    const fault = device.fault as Fault | null;
    const outcome = fault ?? 'accepted';
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (fault !== null) {
      if (popped !== BROKEN || !faults.includes(fault)) this.fail(outcome, faults, offered);
      return;
    }
    if (faults.length > 0 || popped < 0 || !this.sameAs(offered)) this.fail(outcome, faults, offered);
    this.taken();
    this.held.push(popped);
  }

  private giveBack(): void {
    const [head] = this.held.splice(this.draw.integer(this.held.length), 1);
    this.device.push(head, 0);
    this.device.flush();
    this.gaveBack();
  }

  private sameAs({ pieces }: Verdict): boolean {
    const { address, length, pieces: count, readable } = this.device;
    const leading = pieces.findIndex(([, , writable]) => writable);
    // DPDK takes no notice of directions.
    const expected = leading < 0 ? count : leading;
    const ordered = readable === (this.setup.backend === 'dpdk' ? 0 : expected);
    return (
      ordered &&
      count === pieces.length &&
      pieces.every(([at, bytes], i) => {
        const inside = address[i] >= 0 && address[i] + length[i] <= MEMORY.size;
        return inside && address[i] === at && length[i] === bytes;
      })
    );
  }

  private fail(outcome: string, faults: readonly Fault[], { pieces }: Verdict): never {
    throw new Error(
      `${JSON.stringify(this.setup)}: ${outcome}, but ${JSON.stringify(faults)} ${JSON.stringify(pieces)}`,
    );
  }
}

class SplitFuzz extends Fuzz {
  private readonly ring: SplitRing;
  protected readonly device: SplitDevice;
  private popped = 0;
  private seen = 0;

  constructor(setup: Setup, seed: number) {
    super(setup, seed);
    this.ring = new SplitRing(setup.size, true);
    for (const [address, nested] of this.nested) this.ring.indirect.set(address, nested);
    this.device = new SplitDevice(this.ring, MEMORY, backendRules[setup.backend], RULES[setup.purpose]);
  }

  protected offer(): Verdict {
    const { ring, draw, setup } = this;
    const { size, backend } = setup;
    const all = Array.from({ length: size }, (_, i) => i);
    draw.fill(ring.table, all, true);
    const head = draw.chance(0.98) ? draw.integer(size) : draw.integer(65_536);
    ring.avail.fill(head);
    if (this.popped === this.seen) {
      const jump = draw.chance(0.01);
      const ahead = jump ? size + 1 + draw.integer(65_535 - size) : 1;
      ring.availIdx = (this.popped + ahead) & 0xffff;
      if (jump) return bad('avail index moved by more than the ring size');
      this.seen = (this.popped + 1) & 0xffff;
    }
    if ((backend === 'qemu' || backend === 'hardware') && this.holds >= size) {
      return bad('more buffers in use than the ring has entries');
    }
    if (head >= size) return bad('head out of range');
    const { table } = ring;
    const next = (slot: number): number | Fault | null => {
      if ((table.flags[slot] & NEXT) === 0) return null;
      return table.next[slot] < size ? table.next[slot] : 'next out of range';
    };
    return follow(table, setup, head, next, ring.indirect, insideSplit(backend));
  }

  protected taken(): void {
    this.popped = (this.popped + 1) & 0xffff;
  }

  protected gaveBack(): void {
    // The split ring keeps no count of slots.
  }
}

class PackedFuzz extends Fuzz {
  private readonly ring: PackedRing;
  protected readonly device: PackedDevice;
  private slot = 0;
  private wrap = true;
  private slots = 0;
  private inUse = 0;
  private readonly lengths: number[] = [];

  constructor(setup: Setup, seed: number) {
    super(setup, seed);
    this.ring = new PackedRing(setup.size, true);
    for (const [address, nested] of this.nested) this.ring.indirect.set(address, nested);
    this.device = new PackedDevice(this.ring, MEMORY, backendRules[setup.backend], RULES[setup.purpose]);
    const { push } = this.device;
    this.device.push = (head, written) => {
      this.inUse -= this.lengths[head];
      push.call(this.device, head, written);
    };
    const { pop } = this.device;
    this.device.pop = () => {
      const place = pop.call(this.device);
      if (place >= 0) this.lengths[place] = this.slots;
      return place;
    };
  }

  protected offer(): Verdict {
    const { ring, draw, setup, wrap } = this;
    const { size, backend } = setup;
    const { table } = ring;
    draw.fill(
      table,
      Array.from({ length: size }, (_, i) => i),
      true,
    );
    table.flags[this.slot] |= availableFlags(wrap);
    const next = (slot: number): number | null =>
      (table.flags[slot] & NEXT) === 0 ? null : (slot + 1) % size;
    const verdict = follow(table, setup, this.slot, next, ring.indirect, insidePacked(backend));
    this.slots = verdict.slots;
    if (verdict.faults.length === 0 && this.inUse + verdict.slots > size) {
      return bad('more buffers in use than the ring has entries');
    }
    return verdict;
  }

  protected taken(): void {
    this.inUse += this.slots;
    this.slot += this.slots;
    if (this.slot < this.setup.size) return;
    this.slot -= this.setup.size;
    this.wrap = !this.wrap;
  }

  protected gaveBack(): void {
    // Counted where it is pushed.
  }
}

const setups: readonly Setup[] = (
  [
    ['split', 'qemu'],
    ['split', 'vhost'],
    ['split', 'dpdk'],
    ['split', 'hardware'],
    ['packed', 'qemu'],
    ['packed', 'dpdk'],
    ['packed', 'hardware'],
  ] as const
).flatMap(([layout, backend]) =>
  (['any', 'transmit', 'receive'] as const).flatMap((purpose) =>
    [2, 4, 8].map((size) => ({ layout, backend, size, purpose })),
  ),
);

/** What every device of a layout may find; those of virtio-net come with its buffers. */
const COMMON: readonly (Fault | 'accepted')[] = [
  'accepted',
  'looped chain',
  'nested indirect table',
  'bad indirect table length',
  'indirect table outside guest memory',
  'address outside guest memory',
];
const SPLIT: readonly Fault[] = [
  'avail index moved by more than the ring size',
  'head out of range',
  'next out of range',
];
const LENIENT: readonly Fault[] = [
  'no readable piece in a transmit buffer',
  'header cut short',
  'no writable piece in a receive buffer',
];
const STRICT: readonly Fault[] = [
  'writable piece in a transmit buffer',
  'nothing behind the header',
  'readable piece in a receive buffer',
];

const branches = (layout: Setup['layout'], backend: Backend): ReadonlySet<string> => {
  const strict = backend === 'vhost' || backend === 'hardware';
  return new Set<string>([
    ...COMMON,
    ...(layout === 'split' ? SPLIT : []),
    ...(strict ? STRICT : LENIENT),
    // A buffer of empty pieces only, which are passed over.
    ...(backend === 'vhost' ? ['no writable piece in a receive buffer'] : []),
    ...(backend === 'dpdk' ? [] : ['readable piece after a writable one']),
    ...(backend === 'qemu' || backend === 'hardware' ? ['zero length'] : []),
    ...(layout === 'packed' || backend === 'qemu' || backend === 'hardware'
      ? ['more buffers in use than the ring has entries']
      : []),
  ]);
};

describe(`${CASES.toLocaleString('en')} rings of hostile drivers`, () => {
  const each = Math.ceil(CASES / setups.length);

  test.each([...new Set(setups.map(({ layout, backend }) => `${layout} ${backend}`))])(
    '%s: taken exactly when valid, and every check has refused some',
    (name) => {
      const found = new Set<string>();
      for (const setup of setups.filter(({ layout, backend }) => `${layout} ${backend}` === name)) {
        const fuzz = new (setup.layout === 'split' ? SplitFuzz : PackedFuzz)(setup, 1);
        fuzz.run(each);
        for (const outcome of fuzz.outcomes.keys()) found.add(outcome);
      }
      const [{ layout, backend }] = setups.filter((setup) => `${setup.layout} ${setup.backend}` === name);
      expect(found).toEqual(branches(layout, backend));
    },
  );

  test('a chain of 1,025 pieces is one too many', () => {
    for (const layout of ['split', 'packed'] as const) {
      const setup: Setup = { layout, backend: 'qemu', size: 2048, purpose: 'any' };
      const fill = (table: DescriptorTable, pieces: number): void => {
        for (let slot = 0; slot < pieces; slot++)
          table.write(slot, 2048, 64, slot === pieces - 1 ? 0 : NEXT, slot + 1);
      };
      for (const pieces of [1024, 1025]) {
        const split = new SplitRing(setup.size, true);
        const packed = new PackedRing(setup.size, true);
        fill((layout === 'split' ? split : packed).table, pieces);
        split.availIdx = 1;
        packed.table.flags[0] |= availableFlags(true);
        const device =
          layout === 'split'
            ? new SplitDevice(split, MEMORY, backendRules.qemu)
            : new PackedDevice(packed, MEMORY, backendRules.qemu);
        device.pop();
        expect(device.fault).toBe(pieces === 1024 ? null : 'too many pieces');
      }
    }
  });
});
