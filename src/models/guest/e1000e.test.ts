/** Linux's e1000e driver with MSI-X, held against drivers/net/ethernet/intel/e1000e/netdev.c of Linux 6.1. */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { DescriptorRings } from '../hardware/descriptor-rings.ts';
import { RX_RING, RXQ0, TX_SLOTS, TXQ0 } from '../hardware/e1000e-rings.ts';
import { itrUnits } from './e1000-itr.ts';
import { E1000eDriver } from './e1000e.ts';
import { driverBench } from './emulated-driver.test-support.ts';

const bench = ({ atAccess = (_what: string): void => {} } = {}) => {
  const rings = new DescriptorRings(TX_SLOTS, RX_RING);
  const world = new World(priced({ 'e1000eDriver.rx': 300_000 }), {
    seed: 1,
    replication: 0,
    maxEvents: 1e6,
  });
  const { cores, packets, books } = world;
  const parts = driverBench({
    world,
    rings,
    build: (registers) =>
      new E1000eDriver(cores[0], {
        rings,
        packets,
        registers,
        stackRx: books.costs.cost('stack.rx'),
        dma: null,
      }),
    atAccess,
  });
  const { driver, run } = parts;
  const receiveInterrupt = (): void => {
    driver.rxLine.raise();
    run();
  };
  const transmitInterrupt = (): void => {
    driver.txLine.raise();
    run();
  };
  return { ...parts, world, rings, receiveInterrupt, transmitInterrupt };
};

const RX_IMS = `write IMS ${RXQ0}`;
const TX_IMS = `write IMS ${TXQ0}`;

describe('transmit (e1000_xmit_frame)', () => {
  test('writes TDT once for packets that follow each other at once: two descriptors each', () => {
    const { accesses, rings, transmit } = bench();
    const sent = transmit(5);
    expect(accesses).toEqual(['write TDT 10']);
    expect([...rings.tx.slice(0, 5)]).toEqual(sent);
  });

  test('stops below 19 free descriptors, and rings although more are announced', () => {
    const { driver, accesses, transmit } = bench();
    // 255 − 2 × 119 = 17 free; after 118 packets there are 19.
    expect(transmit(1000, true)).toHaveLength(119);
    expect([driver.stopped, accesses]).toEqual([true, ['write TDT 238']]);
  });

  test('starts again at 32 free descriptors, and frees packets in order', () => {
    const { rings, driver, freed, restarts, transmitInterrupt, transmit } = bench();
    const sent = transmit(1000);
    // 112 in flight leave 31.
    rings.txDone = 7;
    transmitInterrupt();
    expect([driver.stopped, restarts()]).toEqual([true, 0]);
    rings.txDone = 1;
    transmitInterrupt();
    expect([driver.stopped, restarts()]).toEqual([false, 1]);
    expect(freed).toEqual(sent.slice(0, 8));
  });
});

describe('the transmit vector (e1000_intr_msix_tx)', () => {
  test('cleans the ring in the handler, then unmasks its cause; it reads nothing', () => {
    const { rings, accesses, freed, transmitInterrupt, transmit } = bench();
    const sent = transmit(3);
    accesses.length = 0;
    rings.txDone = 3;
    transmitInterrupt();
    expect([accesses, freed]).toEqual([[TX_IMS], sent]);
  });

  test('unmasks where it finds nothing to clean, too', () => {
    const { accesses, transmitInterrupt } = bench();
    transmitInterrupt();
    expect(accesses).toEqual([TX_IMS]);
  });
});

describe('the receive vector (e1000_intr_msix_rx, e1000e_poll)', () => {
  test('polls and unmasks its cause; transmitted packets are not its business', () => {
    const { rings, accesses, received, freed, receiveInterrupt, deliver, transmit } = bench();
    transmit(1);
    rings.txDone = 1;
    accesses.length = 0;
    const frames = deliver(1);
    receiveInterrupt();
    expect([accesses, received, freed]).toEqual([[RX_IMS], frames, []]);
  });

  test('unmasks where it finds nothing, too', () => {
    const { accesses, receiveInterrupt } = bench();
    receiveInterrupt();
    expect(accesses).toEqual([RX_IMS]);
  });

  test('polls at most 64 at a time and stays masked until a poll finds fewer', () => {
    const { accesses, received, receiveInterrupt, deliver } = bench();
    deliver(200);
    receiveInterrupt();
    expect(received).toHaveLength(200);
    expect(accesses.filter((what) => what === RX_IMS)).toHaveLength(1);
    expect(accesses.at(-1)).toBe(RX_IMS);
  });

  test('that comes during the poll asks for one more poll, before the cause is unmasked', () => {
    let again = true;
    const { driver, accesses, received, receiveInterrupt, deliver } = bench({
      atAccess: (what) => {
        // In the middle of the first poll: 17 frames fill buffers 255, 0 … 15.
        if (what !== 'write RDT 0' || !again) return;
        again = false;
        driver.rxLine.raise();
      },
    });
    deliver(17);
    receiveInterrupt();
    expect(received).toHaveLength(17);
    expect(accesses).toEqual(['write RDT 0', RX_IMS]);
  });
});

describe('receive buffers (e1000_alloc_rx_buffers)', () => {
  const tails = (accesses: readonly string[]): string[] =>
    accesses.filter((what) => what.startsWith('write RDT')).map((what) => what.slice('write RDT '.length));

  test('RDT is written for every 16th buffer of the ring, whichever poll fills it', () => {
    const { accesses, receiveInterrupt, deliver } = bench();
    for (let frame = 0; frame < 40; frame++) {
      deliver(1);
      receiveInterrupt();
    }
    // 255 buffers were filled at first, so the frames fill 255, 0, 1 … 38.
    expect(tails(accesses)).toEqual(['0', '16', '32']);
  });

  test('the last buffers of a ring that is not a multiple are announced only with the next', () => {
    const { accesses, receiveInterrupt, deliver } = bench();
    deliver(16);
    receiveInterrupt();
    // 255, 0 … 14: the buffers 1 to 14 are filled but not announced.
    expect(tails(accesses)).toEqual(['0']);
    deliver(2);
    receiveInterrupt();
    expect(tails(accesses)).toEqual(['0', '16']);
  });
});

describe('dynamic throttling (e1000_set_itr)', () => {
  test('is written at the next receive interrupt, before the poll', () => {
    const { accesses, receiveInterrupt, deliver } = bench();
    // 20 frames of 1,514 B, more than 10,000 B of above 1,200: bulk.
    deliver(20, 1514);
    receiveInterrupt();
    expect(accesses.filter((what) => /EITR/.test(what))).toEqual([]);
    accesses.length = 0;
    receiveInterrupt();
    expect(accesses).toEqual([`write EITR0 ${itrUnits(4_000)}`, RX_IMS]);
    accesses.length = 0;
    receiveInterrupt();
    expect(accesses).toEqual([RX_IMS]);
  });

  test('counts all that was received since the interrupt that scheduled the polls', () => {
    const { accesses, receiveInterrupt, deliver } = bench();
    // Bulk in the first poll, one small frame in the second, which alone would change nothing.
    deliver(64, 1514);
    deliver(1);
    receiveInterrupt();
    accesses.length = 0;
    receiveInterrupt();
    expect(accesses[0]).toBe(`write EITR0 ${itrUnits(4_000)}`);
  });
});
