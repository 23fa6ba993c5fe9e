/** What a device refuses (QEMU hw/virtio/virtio.c, Linux drivers/vhost/vhost.c): each fault by hand, then random tables against a naive validator. */
import { describe, expect, test } from 'vitest';
import { type RandomStream, streams } from '../../kernel/random.ts';
import { type Backend, backendRules } from './backend-rules.ts';
import { DESCRIPTOR_SIZE, DescriptorTable, INDIRECT, NEXT, WRITE } from './descriptor.ts';
import { BROKEN, EMPTY } from './device-queue.ts';
import type { Fault } from './fault.ts';
import { GuestMemory } from './guest-memory.ts';
import { SplitDevice } from './split-device.ts';
import { SplitRing } from './split-ring.ts';

const BACKENDS = ['qemu', 'vhost'] as const;
const SIZE = 8;
/** Address of the indirect table. */
const TABLE = 65_536;

interface Descriptor {
  readonly address?: number;
  readonly length?: number;
  readonly flags?: number;
  readonly next?: number;
}

const tableOf = (descriptors: readonly Descriptor[], size = descriptors.length): DescriptorTable => {
  const table = new DescriptorTable(size);
  descriptors.forEach(({ address = 4096, length = 64, flags = 0, next = 0 }, slot) => {
    table.write(slot, address, length, flags, next);
  });
  return table;
};

interface Guest {
  readonly size?: number;
  readonly table?: readonly Descriptor[];
  readonly indirect?: readonly Descriptor[];
  readonly head?: number;
  /** Buffers that the available index claims. */
  readonly offered?: number;
  readonly buffers?: number;
}

/** A device that faces what a hostile driver left in memory. */
const facing = (guest: Guest, backend: Backend): SplitDevice => {
  const { size = SIZE, table = [{}], indirect, head = 0, offered = 1, buffers = 1024 } = guest;
  const ring = new SplitRing(size, true);
  table.forEach(({ address = 4096, length = 64, flags = 0, next = 0 }, slot) => {
    ring.table.write(slot, address, length, flags, next);
  });
  if (indirect !== undefined) ring.indirect.set(TABLE, tableOf(indirect));
  ring.avail.fill(head);
  ring.availIdx = offered;
  return new SplitDevice(ring, new GuestMemory(buffers), backendRules[backend]);
};

const chain = (length: number): Descriptor[] =>
  Array.from({ length }, (_, i) => (i === length - 1 ? {} : { flags: NEXT, next: i + 1 }));

const memoryEnd = new GuestMemory(1024).size;

interface Case {
  readonly name: string;
  readonly guest: Guest;
  readonly qemu: Fault | null;
  readonly vhost: Fault | null;
}

const both = (name: string, guest: Guest, fault: Fault | null): Case => ({
  name,
  guest,
  qemu: fault,
  vhost: fault,
});

const viaTable = (indirect: readonly Descriptor[], entry: Descriptor = {}): Guest => ({
  table: [{ address: TABLE, length: indirect.length * DESCRIPTOR_SIZE, flags: INDIRECT, ...entry }],
  indirect,
});

const faults: readonly Case[] = [
  both(
    'an index that jumps by more than N',
    { offered: SIZE + 1 },
    'avail index moved by more than the ring size',
  ),
  both('a head of N', { head: SIZE }, 'head out of range'),
  both('a head of 65,535', { head: 0xffff }, 'head out of range'),
  both('a next of N', { table: [{ flags: NEXT, next: SIZE }] }, 'next out of range'),
  both(
    'a chain of two that loops',
    {
      table: [
        { flags: NEXT, next: 1 },
        { flags: NEXT, next: 0 },
      ],
    },
    'looped chain',
  ),
  both(
    'a chain of N + 1',
    { table: Array.from({ length: SIZE }, (_, i) => ({ flags: NEXT, next: (i + 1) % SIZE })) },
    'looped chain',
  ),
  both('a descriptor that follows itself', { table: [{ flags: NEXT, next: 0 }] }, 'looped chain'),
  both(
    'a table inside a table',
    viaTable([{ address: TABLE, length: 16, flags: INDIRECT }]),
    'nested indirect table',
  ),
  both(
    'a table in the middle of a table',
    viaTable([
      { flags: NEXT, next: 1 },
      { address: TABLE, length: 16, flags: INDIRECT },
    ]),
    'nested indirect table',
  ),
  both(
    'a table that the chain goes on after',
    viaTable([{}], { flags: INDIRECT | NEXT, next: 1 }),
    'nested indirect table',
  ),
  both('an indirect length of 24', viaTable([{}, {}], { length: 24 }), 'bad indirect table length'),
  both('an indirect length of 0', viaTable([{}], { length: 0 }), 'bad indirect table length'),
  both('an indirect length of 15', viaTable([{}], { length: 15 }), 'bad indirect table length'),
  both('a next beyond the indirect table', viaTable([{ flags: NEXT, next: 1 }]), 'next out of range'),
  both(
    'an indirect table that loops',
    viaTable([
      { flags: NEXT, next: 1 },
      { flags: NEXT, next: 0 },
    ]),
    'looped chain',
  ),
  both(
    'a table outside memory',
    { table: [{ address: memoryEnd, length: 16, flags: INDIRECT }] },
    'indirect table outside guest memory',
  ),
  both(
    'an address at the end of memory',
    { table: [{ address: memoryEnd, length: 1 }] },
    'address outside guest memory',
  ),
  both(
    'a length that passes the end of memory by one byte',
    { table: [{ address: memoryEnd - 63, length: 64 }] },
    'address outside guest memory',
  ),
  both(
    'an address whose end passes 2^64',
    { table: [{ address: 2 ** 64 - 2048, length: 4096 }] },
    'address outside guest memory',
  ),
  both(
    'an address beyond what is exact',
    { table: [{ address: 2 ** 53, length: 1 }] },
    'address outside guest memory',
  ),
  both(
    'a bad address in the second piece',
    { table: [{ flags: NEXT, next: 1 }, { address: 2 ** 40 }] },
    'address outside guest memory',
  ),
  both(
    'a writable piece before a readable one',
    { table: [{ flags: NEXT | WRITE, next: 1 }, {}] },
    'readable piece after a writable one',
  ),
  both(
    'the same inside a table',
    viaTable([{ flags: NEXT | WRITE, next: 1 }, {}]),
    'readable piece after a writable one',
  ),
  both('more than 1,024 pieces', { size: 2048, table: chain(1025) }, 'too many pieces'),
  { name: 'a piece of no length', guest: { table: [{ length: 0 }] }, qemu: 'zero length', vhost: null },
  {
    name: 'an empty last piece',
    guest: { table: [{ flags: NEXT, next: 1 }, { length: 0 }] },
    qemu: 'zero length',
    vhost: null,
  },
  {
    name: 'an indirect table of 65,537 entries',
    guest: { ...viaTable([{}], { length: 65_537 * DESCRIPTOR_SIZE }), buffers: 4096 },
    qemu: null,
    vhost: 'bad indirect table length',
  },
];

describe('a device finds', () => {
  describe.each(BACKENDS)('as %s', (backend) => {
    test.each(faults)('$name', ({ guest, ...expected }) => {
      const device = facing(guest, backend);
      const popped = device.pop();
      expect(device.fault).toBe(expected[backend]);
      expect(popped === BROKEN).toBe(expected[backend] !== null);
    });
  });

  test('more buffers in use than the ring has entries, as QEMU; vhost keeps no count', () => {
    for (const backend of BACKENDS) {
      const device = facing({ offered: SIZE }, backend);
      for (let i = 0; i < SIZE; i++) expect(device.pop()).toBe(0);
      device.ring.availIdx = SIZE + 1;
      expect(device.pop()).toBe(backend === 'qemu' ? BROKEN : 0);
      expect(device.fault).toBe(backend === 'qemu' ? 'more buffers in use than the ring has entries' : null);
    }
  });

  test.each(BACKENDS)(
    'as %s, nothing wrong with an index exactly N ahead, across the wrap too',
    (backend) => {
      const device = facing({ offered: 0 }, backend);
      let offered = 0;
      while (offered < 65_536 + SIZE) {
        offered += SIZE;
        device.ring.availIdx = offered & 0xffff;
        for (let i = 0; i < SIZE; i++) device.push(device.pop(), 0);
        device.flush();
      }
      expect([device.pop(), device.fault]).toEqual([EMPTY, null]);
    },
  );

  test.each(BACKENDS)('as %s, the fault again at each look, and does not move on', (backend) => {
    const device = facing({ table: [{ address: 2 ** 40 }] }, backend);
    for (let i = 0; i < 3; i++) expect(device.pop()).toBe(BROKEN);
    expect(device.availableNow).toBe(true);
    // A driver that mends its ring helps vhost, which looks again; QEMU wants a reset first.
    device.ring.table.write(0, 4096, 64, 0, 0);
    expect(device.pop()).toBe(backend === 'qemu' ? BROKEN : 0);
  });
});

const valid: readonly (readonly [string, Guest, number, number])[] = [
  ['one readable piece', { table: [{}] }, 1, 1],
  ['one writable piece', { table: [{ flags: WRITE }] }, 1, 0],
  ['a readable and a writable piece', { table: [{ flags: NEXT, next: 1 }, { flags: WRITE }] }, 2, 1],
  ['a chain of N', { table: chain(SIZE) }, SIZE, SIZE],
  ['a chain that goes backwards', { table: [{}, { flags: NEXT, next: 0 }], head: 1 }, 2, 2],
  ['a piece that ends with memory', { table: [{ address: memoryEnd - 64 }] }, 1, 1],
  ['a piece at address 0', { table: [{ address: 0 }] }, 1, 1],
  ['1,024 pieces', { size: 1024, table: chain(1024) }, 1024, 1024],
  ['a table of one', viaTable([{}]), 1, 1],
  ['a table longer than the ring', viaTable(chain(3 * SIZE)), 3 * SIZE, 3 * SIZE],
  ['a chain that uses part of its table', viaTable([...chain(2), {}, {}]), 2, 2],
  [
    'a chain whose last descriptor is a table (virtio 1.2 §2.7.5.3.2)',
    {
      table: [
        { flags: NEXT, next: 1 },
        { address: TABLE, length: 32, flags: INDIRECT },
      ],
      indirect: [{ flags: NEXT, next: 1 }, { flags: WRITE }],
    },
    3,
    2,
  ],
  ['a next field that no flag points to', { table: [{ next: 0xffff }] }, 1, 1],
];

describe.each(BACKENDS)('%s accepts', (backend) => {
  test.each(valid)('%s', (_name, guest, pieces, readable) => {
    const device = facing(guest, backend);
    expect(device.pop()).toBe(guest.head ?? 0);
    expect([device.fault, device.pieces, device.readable]).toEqual([null, pieces, readable]);
  });
});

describe('vhost passes over empty pieces', () => {
  test('but looks at their order', () => {
    const device = facing({ table: [{ flags: NEXT | WRITE, next: 1 }, { length: 0 }] }, 'vhost');
    expect(device.pop()).toBe(BROKEN);
    expect(device.fault).toBe('readable piece after a writable one');
  });

  test('and not at their addresses', () => {
    const device = facing(
      {
        table: [
          { flags: NEXT, next: 1 },
          { address: 2 ** 60, length: 0 },
        ],
      },
      'vhost',
    );
    expect(device.pop()).toBe(0);
    expect(device.pieces).toBe(1);
  });
});

// --- random tables ------------------------------------------------------------------------------------------------

interface Verdict {
  /** All that is wrong with the first bad descriptor (or the whole, for its length); empty: accepted. */
  readonly wrong: readonly Fault[];
  readonly pieces: readonly (readonly [address: number, length: number])[];
  readonly readable: number;
}

/** The rules of §10 in the plainest words: no state, no early exits, arithmetic in whole bytes. */
const judge = (ring: SplitRing, head: number, memory: number, backend: Backend): Verdict => {
  const pieces: (readonly [number, number])[] = [];
  let readable = 0;
  const bad = (...wrong: Fault[]): Verdict => ({ wrong, pieces: [], readable: 0 });
  if (head >= ring.size) return bad('head out of range');
  let { table } = ring;
  let entries = ring.size;
  let slot = head;
  let steps = 0;
  for (;;) {
    if (steps >= entries) return bad('looped chain');
    steps++;
    const [address, length, flags] = [table.address[slot], table.length[slot], table.flags[slot]];
    if (flags & INDIRECT) {
      const wrong: Fault[] = [];
      const nested = ring.indirect.get(address);
      if (table !== ring.table || flags & NEXT) wrong.push('nested indirect table');
      if (length === 0 || length % 16 !== 0) wrong.push('bad indirect table length');
      if (backend === 'vhost' && length > 16 * 65_536) wrong.push('bad indirect table length');
      if (nested === undefined || address + length > memory)
        wrong.push('indirect table outside guest memory');
      if (wrong.length > 0 || nested === undefined) return bad(...wrong);
      table = nested;
      entries = Math.min(nested.size, length / 16);
      slot = 0;
      steps = 0;
      continue;
    }
    const wrong: Fault[] = [];
    const writable = (flags & WRITE) !== 0;
    if (!writable && pieces.length > readable) wrong.push('readable piece after a writable one');
    if (length === 0 && backend === 'qemu') wrong.push('zero length');
    if (length > 0 && !(address >= 0 && address + length <= memory))
      wrong.push('address outside guest memory');
    if (pieces.length === 1024) wrong.push('too many pieces');
    if (wrong.length > 0) return bad(...wrong);
    if (length > 0) pieces.push([address, length]);
    if (length > 0 && !writable) readable++;
    if (!(flags & NEXT)) return { wrong: [], pieces, readable };
    slot = table.next[slot];
    if (slot >= entries) return bad('next out of range');
  }
};

/** An array that refuses to be read beyond its end. */
const guarded = <A extends Float64Array | Uint16Array>(array: A): A =>
  new Proxy(array, {
    get: (target, key) => {
      if (!Reflect.has(target, key)) throw new Error(`read at [${String(key)}]`);
      return Reflect.get(target, key, target) as unknown;
    },
  });

const guard = (table: DescriptorTable): DescriptorTable => {
  const fields = ['address', 'length', 'flags', 'next'] as const;
  for (const field of fields) Object.assign(table, { [field]: guarded(table[field]) });
  Object.defineProperty(table, 'size', { value: table.flags.length });
  return table;
};

class Fuzz {
  private readonly random: RandomStream;
  private readonly memory = new GuestMemory(64);

  constructor(seed: number) {
    this.random = streams(seed, 0).stream('fuzz');
  }

  private pick<T>(...values: readonly T[]): T {
    return values[this.random.integer(values.length)];
  }

  private address(): number {
    const end = this.memory.size;
    const { random } = this;
    const usual = 2048 * random.integer(end / 2048);
    return random.bernoulli(0.9) ? usual : this.pick(end - 1, end - 64, end, 2 ** 32, 2 ** 64 - 2048);
  }

  private describe(table: DescriptorTable, slot: number, innermost: boolean): void {
    const { random } = this;
    let flags = this.pick(0, 0, WRITE, NEXT, NEXT, NEXT, NEXT | WRITE);
    let address = this.address();
    let length = random.bernoulli(0.9) ? 1 + random.integer(64) : this.pick(0, 2048, 4096, 2 ** 32 - 1);
    if (random.bernoulli(innermost ? 0.02 : 0.15)) {
      flags = random.bernoulli(0.9) ? INDIRECT : INDIRECT | NEXT;
      address = random.bernoulli(0.9) ? 2048 * (1 + random.integer(2)) : address;
      length = random.bernoulli(0.8)
        ? 16 * (1 + random.integer(5))
        : this.pick(0, 15, 24, 2 ** 20, 16 * 65_537);
    }
    const next = random.bernoulli(0.95) ? random.integer(table.size) : random.integer(65_536);
    table.write(slot, address, length, flags, next);
  }

  /** Random descriptors everywhere: in the ring's table and in two indirect ones. */
  fill(ring: SplitRing): void {
    const { random } = this;
    for (let slot = 0; slot < ring.size; slot++) this.describe(ring.table, slot, false);
    for (const nested of ring.indirect.values()) {
      for (let slot = 0; slot < nested.size; slot++) this.describe(nested, slot, true);
    }
    ring.avail.fill(random.bernoulli(0.97) ? random.integer(ring.size) : random.integer(65_536));
  }

  ring(size: number): SplitRing {
    const ring = new SplitRing(size, true);
    guard(ring.table);
    ring.indirect.set(2048, guard(new DescriptorTable(1 + this.random.integer(4))));
    ring.indirect.set(4096, guard(new DescriptorTable(4)));
    return ring;
  }

  /** @returns how many tables were accepted and how often each fault was found. */
  run(cases: number, backend: Backend): Map<string, number> {
    const tally = new Map<string, number>();
    for (const size of [2, 4, 8]) {
      const ring = this.ring(size);
      const device = new SplitDevice(ring, this.memory, backendRules[backend]);
      for (let i = 0; i < cases; i++) {
        this.fill(ring);
        const outcome = this.compare(ring, device, backend);
        tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      }
    }
    return tally;
  }

  private compare(ring: SplitRing, device: SplitDevice, backend: Backend): string {
    const head = ring.avail[0];
    const verdict = judge(ring, head, this.memory.size, backend);
    // The slot of the last refused buffer is offered again: a fault does not move the device on.
    if (!device.availableNow) ring.availIdx = (ring.availIdx + 1) & 0xffff;
    device.fault = null;
    const popped = device.pop();
    const found = device.fault as Fault | null;
    if (found !== null) {
      if (popped !== BROKEN || !verdict.wrong.includes(found))
        throw new Error(this.tell(ring, found, verdict));
      return found;
    }
    const pieces = Array.from({ length: device.pieces }, (_, i) => [device.address[i], device.length[i]]);
    if (popped !== head || JSON.stringify(pieces) !== JSON.stringify(verdict.pieces)) {
      throw new Error(this.tell(ring, `accepted ${JSON.stringify(pieces)}`, verdict));
    }
    if (verdict.wrong.length > 0 || device.readable !== verdict.readable) {
      throw new Error(this.tell(ring, 'accepted', verdict));
    }
    device.push(popped, 0);
    device.flush();
    return 'accepted';
  }

  private tell(ring: SplitRing, found: string, verdict: Verdict): string {
    const { address, length, flags, next } = ring.table;
    const table = Array.from({ length: ring.size }, (_, i) => [address[i], length[i], flags[i], next[i]]);
    return `${found}, but ${JSON.stringify(verdict)}: head ${ring.avail[0]} of ${JSON.stringify(table)}`;
  }
}

describe('180,000 random tables', () => {
  test.each(BACKENDS)(
    'are judged by %s as by the naive validator, and never read beyond their ends',
    (backend) => {
      const tally = new Fuzz(7).run(30_000, backend);
      // The cases are worth their time: each outcome that such tables can have was met many times.
      const outcomes: (Fault | 'accepted')[] = [
        'accepted',
        'head out of range',
        'next out of range',
        'looped chain',
        'nested indirect table',
        'bad indirect table length',
        'indirect table outside guest memory',
        'readable piece after a writable one',
        'address outside guest memory',
      ];
      for (const outcome of outcomes) expect(tally.get(outcome), outcome).toBeGreaterThan(200);
      expect(tally.has('zero length')).toBe(backend === 'qemu');
    },
  );
});
