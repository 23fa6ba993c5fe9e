/** Disciplines of a backend's scheduler against their definitions: order, shares, and that no flow overtakes itself. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ms, type Picoseconds, us } from '../../units.ts';
import { DISCIPLINES, type QueueingSettings, queueingOf } from './fair-queueing.ts';
import { type HostBlock, HostIo } from './host-block.ts';

/** Nothing comes back here. */
const NOBODY = { done: () => {} } as unknown as HostBlock;
const KIB = 1024;
const SETTINGS = { quantum: 64 * KIB, weight: 1, age: ms(20) };

const ioOf = (producer: number, interactive: boolean, size: number, sequence = 0): HostIo =>
  Object.assign(new HostIo(NOBODY), { producer, interactive, size, sequence });

/** Pushes all at once. @returns the sequence numbers in the order of service. */
const served = (settings: QueueingSettings, ios: readonly HostIo[]): number[] => {
  const queueing = queueingOf(settings);
  for (const io of ios) queueing.push(io, us(0));
  return ios.map(() => (queueing.next(us(0)) as HostIo).sequence);
};

const bulk = (sequence: number) => ioOf(1, false, 512 * KIB, sequence);
const small = (sequence: number) => ioOf(2, true, 4 * KIB, sequence);
const MIXED = [bulk(1), bulk(2), small(3), small(4), bulk(5)];

test('fifo serves as they came', () => {
  expect(served({ ...SETTINGS, discipline: 'fifo' }, MIXED)).toEqual([1, 2, 3, 4, 5]);
});

test('priority serves what is interactive first, and bulk that is too old before all', () => {
  expect(served({ ...SETTINGS, discipline: 'priority' }, MIXED)).toEqual([3, 4, 1, 2, 5]);
  const queueing = queueingOf({ ...SETTINGS, discipline: 'priority' });
  queueing.push(bulk(1), us(0));
  queueing.push(small(2), ms(20));
  queueing.push(small(3), ms(20));
  expect(queueing.next((ms(20) - 1) as Picoseconds)?.sequence).toBe(2);
  expect(queueing.next(ms(20))?.sequence).toBe(1);
});

test('priority with a backlog of old bulk gives bulk one request in so long a time, and the rest to others', () => {
  const queueing = queueingOf({ ...SETTINGS, discipline: 'priority' });
  for (let i = 0; i < 5; i++) queueing.push(bulk(10 + i), us(0));
  for (let i = 0; i < 5; i++) queueing.push(small(i), us(0));
  const order = [30, 31, 32, 50, 51].map((at) => queueing.next(ms(at))?.sequence);
  expect(order).toEqual([10, 0, 1, 11, 2]);
});

test('start-time fair queueing forgets who was alone when nobody waits', () => {
  const queueing = queueingOf({ ...SETTINGS, discipline: 'wfq' });
  queueing.push(bulk(1), us(0));
  queueing.next(us(0));
  expect(queueing.next(us(1))).toBeNull();
  queueing.push(small(2), us(2));
  queueing.push(bulk(3), us(2));
  queueing.push(small(4), us(2));
  const order = [2, 3, 4].map(() => queueing.next(us(2))?.sequence);
  // Both may start at once; only the newcomer's second request waits for its first.
  expect(order[2]).toBe(4);
});

test('deficit round robin lets small ones pass while a large one gathers its deficit', () => {
  expect(served({ ...SETTINGS, discipline: 'drr' }, MIXED)).toEqual([3, 4, 1, 2, 5]);
});

test('start-time fair queueing serves by virtual start: one bulk, then what came with it', () => {
  expect(served({ ...SETTINGS, discipline: 'wfq' }, MIXED)).toEqual([1, 3, 4, 2, 5]);
});

describe.each(['drr', 'wfq'] as const)('%s', (discipline) => {
  test.each([1, 3])('flows that always want share by weight 1 to %i, to within a request', (weight) => {
    const queueing = queueingOf({ ...SETTINGS, discipline, weight });
    const sizes = [16 * KIB, 48 * KIB];
    const sent = [0, 0];
    const refill = (flow: number) => queueing.push(ioOf(flow, flow === 1, sizes[flow]), us(0));
    for (const flow of [0, 1]) for (let i = 0; i < 4; i++) refill(flow);
    for (let i = 0; i < 20_000; i++) {
      const { producer, size } = queueing.next(us(0)) as HostIo;
      sent[producer] += size;
      refill(producer);
    }
    expect(sent[1] / sent[0]).toBeCloseTo(weight, 2);
  });
});

test.each(DISCIPLINES)('%s hands on each request once, and keeps the order within a flow', (discipline) => {
  const requests = fc.array(fc.tuple(fc.nat(3), fc.boolean(), fc.integer({ min: 0, max: 1 << 20 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(requests, fc.array(fc.boolean()), (drawn, turns) => {
      const queueing = queueingOf({ ...SETTINGS, discipline });
      const out: HostIo[] = [];
      const take = (): boolean => {
        const io = queueing.next(us(0));
        if (io !== null) out.push(io);
        return io !== null;
      };
      drawn.forEach(([producer, interactive, size], i) => {
        queueing.push(ioOf(producer, interactive, size, i), us(0));
        if (turns[i]) take();
      });
      while (take());
      expect(out.map(({ sequence }) => sequence).sort((a, b) => a - b)).toEqual(drawn.map((_, i) => i));
      for (const first of out) {
        const mine = out.filter(
          ({ producer, interactive }) => producer === first.producer && interactive === first.interactive,
        );
        expect(mine.map(({ sequence }) => sequence)).toEqual(
          [...mine.map(({ sequence }) => sequence)].sort((a, b) => a - b),
        );
      }
    }),
    { numRuns: 300, seed: 1 },
  );
});
