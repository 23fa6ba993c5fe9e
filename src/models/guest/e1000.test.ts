/** Linux's e1000 driver above a register port that only writes down what it is asked. */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { DescriptorRings } from '../hardware/descriptor-rings.ts';
import { E1000_RING, RXT0, TXDW } from '../hardware/e1000-rings.ts';
import { E1000Driver, IMS_ENABLE_MASK } from './e1000.ts';
import { itrUnits } from './e1000-itr.ts';
import { driverBench } from './emulated-driver.test-support.ts';

const bench = ({ textbookWrites = 0, atAccess = (_what: string): void => {} } = {}) => {
  const rings = new DescriptorRings(E1000_RING);
  let causes = 0;
  const world = new World(priced({ 'e1000Driver.rx': 300_000 }), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { cores, packets, books } = world;
  const parts = driverBench({
    world,
    rings,
    build: (registers) =>
      new E1000Driver(cores[0], {
        rings,
        packets,
        registers,
        stackRx: books.costs.cost('stack.rx'),
        interrupt: (name, program) => cores[0].interrupt(name, program),
        dma: null,
        textbookWrites,
      }),
    answer: (register) => {
      if (register !== 'ICR') return 0;
      const value = causes;
      causes = 0;
      return value;
    },
    atAccess,
  });
  const interrupt = (cause: number): void => {
    causes |= cause;
    parts.driver.line.raise();
    parts.run();
  };
  return { ...parts, world, rings, interrupt };
};

describe('transmit', () => {
  test('writes TDT once, with the tail, for packets that follow each other at once', () => {
    const { accesses, rings, transmit } = bench();
    const sent = transmit(5);
    expect(accesses).toEqual(['write TDT 5']);
    expect([...rings.tx.slice(0, 5)]).toEqual(sent);
  });

  test('stops below 24 free descriptors, one of 256 being always empty, and rings although more are announced', () => {
    const { driver, accesses, transmit } = bench();
    // 255 − 232 = 23 free.
    expect(transmit(1000, true)).toHaveLength(232);
    expect([driver.stopped, accesses]).toEqual([true, ['write TDT 232']]);
  });

  test('starts again at 32 free, and frees packets in order', () => {
    const { rings, driver, freed, restarts, interrupt, transmit } = bench();
    const sent = transmit(1000);
    rings.txDone = 8;
    interrupt(TXDW);
    expect([driver.stopped, restarts()]).toEqual([true, 0]);
    rings.txDone = 1;
    interrupt(TXDW);
    expect([driver.stopped, restarts()]).toEqual([false, 1]);
    expect(freed).toEqual(sent.slice(0, 9));
  });

  test('goes round the ring', () => {
    const { world, rings, driver, freed, interrupt, transmit } = bench();
    const all: number[] = [];
    for (let i = 0; i < 10; i++) {
      all.push(...transmit(100));
      rings.txDone = 100;
      interrupt(TXDW);
    }
    expect(freed).toHaveLength(1000);
    expect([world.packets.alive, driver.stopped]).toEqual([0, false]);
  });

  test('by the textbook writes so many registers a packet and cleans at once', () => {
    const { rings, accesses, freed, transmit } = bench({
      textbookWrites: 4,
      atAccess: (what) => {
        if (what.startsWith('write TDT')) rings.txDone++;
      },
    });
    transmit(1);
    expect(accesses).toEqual(['write IMC 0', 'write IMC 0', 'write IMC 0', 'write TDT 1']);
    expect(freed).toHaveLength(1);
  });
});

describe('an interrupt', () => {
  test('costs five accesses of QEMU: ICR, IMC, STATUS in the handler, IMS, STATUS when NAPI is done', () => {
    const { accesses, interrupt } = bench();
    interrupt(TXDW);
    expect(accesses).toEqual([
      'read ICR',
      `write IMC ${0xffffffff}`,
      'read STATUS',
      `write IMS ${IMS_ENABLE_MASK}`,
      'read STATUS',
    ]);
  });

  test('of somebody else costs the read of ICR', () => {
    const { accesses, interrupt } = bench();
    interrupt(0);
    expect(accesses).toEqual(['read ICR']);
  });
});

describe('receive', () => {
  const written = (accesses: readonly string[]): string[] =>
    accesses.filter((what) => /RDT|ITR|IMS/.test(what)).map((what) => what.replace('write ', ''));

  test('writes RDT for every 16 buffers and once at the end of the poll', () => {
    const { accesses, received, interrupt, deliver } = bench();
    const frames = deliver(40);
    interrupt(RXT0);
    expect(received).toEqual(frames);
    // The tail begins at 255, one behind the head.
    expect(written(accesses)).toEqual(['RDT 15', 'RDT 31', 'RDT 39', `IMS ${IMS_ENABLE_MASK}`]);
  });

  test('of one frame writes RDT once', () => {
    const { accesses, interrupt, deliver } = bench();
    deliver(1);
    interrupt(RXT0);
    expect(written(accesses)).toEqual(['RDT 0', `IMS ${IMS_ENABLE_MASK}`]);
  });

  test('polls at most 64 at a time and leaves interrupts off until a poll finds fewer', () => {
    const { accesses, received, interrupt, deliver } = bench();
    deliver(200);
    interrupt(RXT0);
    expect(received).toHaveLength(200);
    // 64 + 64 + 64 + 8: 4 tail writes each, then one.
    const rdt = accesses.filter((what) => what.startsWith('write RDT'));
    expect(rdt).toHaveLength(13);
    expect(accesses.filter((what) => what.startsWith('write IMS'))).toHaveLength(1);
    expect(accesses.indexOf(`write IMS ${IMS_ENABLE_MASK}`)).toBeGreaterThan(accesses.indexOf(rdt[12]));
  });

  test('looks for transmitted packets at the beginning of each poll', () => {
    const { rings, freed, interrupt, deliver, transmit } = bench();
    const sent = transmit(3);
    rings.txDone = 3;
    deliver(1);
    interrupt(RXT0);
    expect(freed).toEqual(sent);
  });

  test('writes ITR before IMS when the class changes, and only then', () => {
    const { accesses, rings, interrupt, deliver } = bench();
    deliver(20, 1514);
    interrupt(RXT0);
    expect(written(accesses).slice(-2)).toEqual([`ITR ${itrUnits(4_000)}`, `IMS ${IMS_ENABLE_MASK}`]);
    accesses.length = 0;
    deliver(20, 1514);
    interrupt(RXT0);
    expect(written(accesses).some((what) => what.startsWith('ITR'))).toBe(false);
    expect(rings.rxDone).toBe(0);
  });
});
