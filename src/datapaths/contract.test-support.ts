/** What every datapath must keep, whatever its parameters and its load. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { framesOf, PACKET_MAX } from '../models/hardware/segmentation.ts';
import { ms } from '../units.ts';
import type { Datapath } from './datapath.ts';
import type { Machine } from './machine.ts';
import { type Load, Trial, type TrialSetup } from './trial.test-support.ts';
import type { GuestIommuSettings, Vm } from './world.ts';

export interface Contract {
  readonly machine: Machine;
  readonly params?: unknown;
  readonly guest?: Vm['guest'];
  readonly viommu?: GuestIommuSettings;
  /** Packets that the driver may keep when all is quiet: those that nobody reaps until it sends again. */
  readonly lingering?: number;
  /** Why a frame may be lost on the way out, where no sender is held back. */
  readonly losesOnTheWayOut?: string;
  /** Why the guest's interrupt handlers wait for QEMU's main loop, so that fewer turns fit a time. */
  readonly locksWithinHandlers?: string;
  /** Why the datapath does something though there is nothing to do. */
  readonly busyAtRest?: string;
  /** Why a flood of receives leaves the application next to nothing. */
  readonly starvesInFlood?: string;
  /** Why it sends nothing longer than a frame. */
  readonly sendsFrames?: string;
  /** Why what is under way when the load stops may take seconds. */
  readonly drainsSlowly?: string;
}

/** Time for what is under way when the load stops, where a second is not enough. */
const LONG_DRAIN = ms(20_000);

const load: fc.Arbitrary<Load> = fc.record({
  kind: fc.constantFrom('poisson', 'periodic', 'stream', 'request-response', 'receive'),
  rate: fc.constantFrom(1e3, 2e4, 1e5, 3e5, 1e6, 2e6),
  size: fc.constantFrom(60, 61, 128, 129, 512, 1514),
});

/** Packets that somebody must cut into frames. */
const longLoad: fc.Arbitrary<Load> = fc.record({
  kind: fc.constantFrom('poisson', 'periodic', 'stream', 'request-response', 'receive'),
  rate: fc.constantFrom(1e3, 1e4, 3e4),
  size: fc.constantFrom(1514, 1515, 3700, 3701, 20_000, 65_536),
});

const trial = ({ irqCore }: Machine, each = load) =>
  fc.record({
    loads: fc.array(each, { minLength: 1, maxLength: 3 }),
    seed: fc.nat(1_000_000),
    // vCPU and backend apart, on one core, or where the NIC's interrupts are.
    cores: fc.constantFrom<readonly [number, number]>([0, 1], [0, 0], [irqCore, 0], [0, irqCore]),
  });

/**
 * Runs a trial to its end: the books close, everything sent came to an end of its own, in order.
 * @param left packets that may then be in somebody's hands.
 */
const keepsAll = (setup: TrialSetup, left: number, busyAtRest: string | undefined): void => {
  const run = new Trial(setup).run('stopped');
  const { world, records } = run;
  const inFlight = () => records.reduce((sum, record) => sum + record.inFlight, 0);
  for (const gap of Object.values(run.gaps)) expect(gap).toBe(0);
  expect(world.packets.alive).toBeGreaterThanOrEqual(inFlight());

  run.run('drained');
  for (const gap of Object.values(run.gaps)) expect(gap).toBe(0);
  if (busyAtRest === undefined) expect(run.misspent).toEqual([]);
  expect(run.overtaken).toEqual([]);
  for (const record of records) {
    // Only a request that the peer never answers can be left over.
    const waits = record.name.startsWith('request-response') && record.dropped === 0 ? 1 : 0;
    expect([record.name, record.inFlight]).toEqual([record.name, waits]);
    expect([...record.drops.values()].reduce((sum, count) => sum + count, 0)).toBe(record.dropped);
    for (const place of record.drops.keys()) expect(place).toMatch(/^.+: .+$/);
  }
  expect(world.packets.alive - inFlight()).toBeGreaterThanOrEqual(0);
  expect(world.packets.alive - inFlight()).toBeLessThanOrEqual(left);
};

/** Declares the tests of `datapath` on one machine and with one set of parameters. */
export const contract = (
  datapath: Datapath,
  {
    machine,
    params,
    guest,
    viommu,
    lingering = 0,
    losesOnTheWayOut,
    locksWithinHandlers,
    busyAtRest,
    starvesInFlood,
    sendsFrames,
    drainsSlowly,
  }: Contract,
): void => {
  const drain = drainsSlowly === undefined ? {} : { drain: LONG_DRAIN };
  const fixed = { machine, datapath, params, viommu, ...drain, ...(guest && { guest }) };

  describe('under any load', () => {
    test('whatever was sent is completed, dropped at a named place or in flight; order and books are kept', () => {
      fc.assert(
        fc.property(trial(machine), (drawn) => keepsAll({ ...fixed, ...drawn }, lingering, busyAtRest)),
        { numRuns: 20, seed: 1 },
      );
    });

    test.skipIf(sendsFrames !== undefined || viommu !== undefined)(
      'so it is of packets longer than a frame',
      () => {
        fc.assert(
          // A packet that is cut in the guest may linger as so many frames; a queue of them lasts seconds on 100 Mbit/s.
          fc.property(trial(machine, longLoad), (drawn) =>
            keepsAll({ ...fixed, ...drawn, drain: ms(10_000) }, lingering * framesOf(PACKET_MAX), busyAtRest),
          ),
          { numRuns: 10, seed: 1 },
        );
      },
    );

    test('the same seed gives the same fingerprint, another one another', () => {
      const loads: Load[] = [
        { kind: 'poisson', rate: 50_000, size: 60 },
        { kind: 'receive', rate: 50_000, size: 1514 },
        { kind: 'request-response', rate: 1, size: 128 },
      ];
      const ran = (seed: number): string => new Trial({ ...fixed, loads, seed }).run('drained').fingerprint;
      expect(ran(7)).toBe(ran(7));
      expect(ran(8)).not.toBe(ran(7));
    });
  });

  test.skipIf(busyAtRest !== undefined)('without load there is nothing but idle time', () => {
    const run = new Trial({ ...fixed, loads: [], stop: ms(10) }).run('stopped');
    const { sim, books, cores } = run.world;
    const before = books.ledger.snapshot();
    run.run('drained');
    expect(books.ledger.spending(before)).toEqual([]);
    for (const { name } of cores) {
      expect((books.ledger.idle.get(name) ?? 0) - (before.idle.get(name) ?? 0)).toBe(sim.now - ms(10));
    }
  });

  test('a stream stops at the full ring of its driver and loses nothing on the way out', () => {
    const loads: Load[] = [{ kind: 'stream', rate: 1, size: 60 }];
    const { records } = new Trial({ ...fixed, loads }).run('drained');
    expect(records[0].inFlight).toBe(0);
    if (losesOnTheWayOut === undefined) expect(records[0].dropped).toBe(0);
    expect(records[0].completed).toBeGreaterThan(50);
  });

  test.skipIf(starvesInFlood !== undefined)('a flood of receives leaves the application its turns', () => {
    const loads: Load[] = [{ kind: 'receive', rate: 2e6, size: 60 }];
    const { records } = new Trial({ ...fixed, loads, stop: ms(40) }).run('stopped');
    // ksoftirqd and the application take turns of at most 4 ms (a slice ends with a tick, a pass after its slice): in
    // 10 ms it empties its socket, which holds 277 packets, at least once.
    // A handler that reads a register waits for QEMU's lock, while the main loop reads 50 frames of the flood.
    const turns = locksWithinHandlers === undefined ? 4 : 2;
    expect(records[0].completed).toBeGreaterThan(turns * 277);
  });
};
