/** The contract with parameters drawn at random from each datapath's own schema, together with load, seed and placement. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { machine } from '../scenario/machines.test-support.ts';
import { ms } from '../units.ts';
import { datapaths } from './index.ts';
import { type Load, Trial } from './trial.test-support.ts';

const SEED = 3;
const server = machine('server-3ghz');

/** Sizes that the scenario's checks allow, and values that matter where the whole range would rarely hit them. */
const BY_NAME: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  tx_queue_size: fc.constant(256),
  rx_queue_size: fc.constantFrom(256, 512, 1024),
  vectors: fc.constantFrom(0, 1, 2, 3, 4),
  txqueuelen: fc.constantFrom(1, 10, 1000),
  'x-txburst': fc.constantFrom(1, 7, 256),
  'x-txtimer': fc.constantFrom(1, 20_000, 150_000),
  'poll-us': fc.constantFrom(0, 1, 50),
  pollPeriodUs: fc.constantFrom(1, 50),
  registerWrites: fc.constantFrom(1, 5),
};

/** Teaching switches that turn Linux's rules off have tests of their own. */
const LEFT = new Set(['guestDriver', 'completion', 'completionInterrupts']);

const arbitraryOf = (schema: z.ZodType, name: string): fc.Arbitrary<unknown> | null => {
  if (LEFT.has(name)) return null;
  if (name in BY_NAME) return BY_NAME[name];
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return arbitraryOf(schema.unwrap() as z.ZodType, name);
  }
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodNumber) {
    return fc.integer({ min: schema.minValue ?? 0, max: Math.min(schema.maxValue ?? 100, 100) });
  }
  return schema instanceof z.ZodObject ? objectOf(schema) : null;
};

const objectOf = (schema: z.ZodObject): fc.Arbitrary<unknown> => {
  const fields = Object.entries(schema.shape).flatMap(([name, field]) => {
    const value = arbitraryOf(field as z.ZodType, name);
    return value === null ? [] : [[name, value] as const];
  });
  return fc.record(Object.fromEntries(fields), { requiredKeys: [] });
};

const load: fc.Arbitrary<Load> = fc.record({
  kind: fc.constantFrom('poisson', 'periodic', 'stream', 'request-response', 'receive'),
  rate: fc.constantFrom(1e3, 1e5, 1e6),
  size: fc.constantFrom(60, 129, 1514),
});

describe.each(datapaths.map((datapath) => [datapath.kind, datapath] as const))('%s', (_kind, datapath) => {
  test('nothing is lost or overtaken and all books close, whatever the parameters', () => {
    let ran = 0;
    fc.assert(
      fc.property(
        objectOf(datapath.params as unknown as z.ZodObject),
        fc.array(load, { minLength: 1, maxLength: 2 }),
        fc.nat(1e6),
        fc.constantFrom<readonly [number, number]>([0, 1], [0, 0]),
        (params, loads, seed, cores) => {
          // What QEMU refuses the scenario's checks refuse, with QEMU's reason.
          const parsed = datapath.params.safeParse(params);
          fc.pre(parsed.success);
          let refused = false;
          try {
            datapath.card?.(parsed.data);
          } catch (error) {
            if (!(error instanceof RangeError)) throw error;
            refused = true;
          }
          fc.pre(!refused);
          const run = new Trial({ machine: server, datapath, params, loads, seed, cores, stop: ms(1) });
          run.run('drained');
          ran++;
          for (const gap of Object.values(run.gaps)) expect(gap).toBe(0);
          run.world.books.invariants.check();
          expect(run.overtaken).toEqual([]);
          for (const record of run.records) {
            const waits = record.name.startsWith('request-response') && record.dropped === 0 ? 1 : 0;
            expect([record.name, record.inFlight]).toEqual([record.name, waits]);
            expect(record.submitted).toBe(record.completed + record.dropped + record.inFlight);
          }
        },
      ),
      { numRuns: 40, seed: SEED },
    );
    expect(ran).toBeGreaterThan(20);
  });
});
