/** Linux's 8139cp driver, held against drivers/net/ethernet/realtek/8139cp.c of Linux 6.1. */
import { describe, expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { Rtl8139Rings, RX_OK, TX_OK } from '../hardware/rtl8139-rings.ts';
import { driverBench } from './emulated-driver.test-support.ts';
import { Rtl8139Driver } from './rtl8139.ts';

/** cp_rx_intr_mask, cp_norx_intr_mask and cp_intr_mask. */
const RX = 0x01 | 0x02 | 0x10 | 0x40;
const OTHERS = 0x8000 | 0x20 | 0x04 | 0x08 | 0x80;
const ALL = RX | OTHERS;

const bench = () => {
  const rings = new Rtl8139Rings();
  const world = new World(priced({ 'rtl8139Driver.rx': 300_000 }), {
    seed: 1,
    replication: 0,
    maxEvents: 1e6,
  });
  const { cores, packets, books } = world;
  const device = { status: 0, mask: ALL };
  const parts = driverBench({
    world,
    rings,
    build: (registers) =>
      new Rtl8139Driver(cores[0], {
        rings,
        packets,
        registers,
        stackRx: books.costs.cost('stack.rx'),
        dma: null,
        interrupt: (name, program) => cores[0].interrupt(name, program),
      }),
    answer: (register) => (register === 'IntrMask' ? device.mask : device.status),
  });
  const interrupt = (causes: number): void => {
    device.status = causes;
    parts.driver.line.raise();
    parts.run();
  };
  return { ...parts, rings, device, interrupt };
};

const HANDLER = ['read IntrMask', 'read IntrStatus'];
const MASK_RX = [`write IntrMask ${OTHERS}`, 'read IntrMask'];
const POLL = [`write IntrStatus ${RX}`];
const UNMASK = [`write IntrMask ${ALL}`, 'read IntrMask'];

describe('transmit (cp_start_xmit)', () => {
  test('gives the descriptor away and writes TxPoll', () => {
    const { rings, accesses, transmit } = bench();
    const [packet] = transmit(1);
    expect([rings.tx[0], rings.txOwned, accesses]).toEqual([packet, 1, ['write TxPoll 64']]);
  });

  test('writes TxPoll although more packets are announced', () => {
    const { accesses, transmit } = bench();
    transmit(1, true);
    expect(accesses).toEqual(['write TxPoll 64']);
  });

  test('stops at 18 free descriptors of 64, one always empty, and starts again at 19', () => {
    const { rings, driver, freed, restarts, interrupt, transmit } = bench();
    // 63 − 45 = 18.
    const sent = transmit(1000);
    expect([sent.length, driver.stopped]).toEqual([45, true]);
    rings.txDone = 1;
    interrupt(TX_OK);
    expect([driver.stopped, restarts(), freed]).toEqual([false, 1, sent.slice(0, 1)]);
  });
});

describe('an interrupt (cp_interrupt)', () => {
  test('of a transmit makes three accesses, and cleans the ring in the handler', () => {
    const { rings, accesses, freed, interrupt, transmit } = bench();
    const sent = transmit(2);
    accesses.length = 0;
    rings.txDone = 2;
    interrupt(TX_OK);
    expect([accesses, freed]).toEqual([[...HANDLER, `write IntrStatus ${TX_OK}`], sent]);
  });

  test('of a receive makes eight: three, the mask, the poll, and the mask again', () => {
    const { accesses, received, interrupt, deliver } = bench();
    const frames = deliver(3);
    interrupt(RX_OK);
    expect([accesses, received]).toEqual([
      [...HANDLER, 'write IntrStatus 0', ...MASK_RX, ...POLL, ...UNMASK],
      frames,
    ]);
  });

  test('of both is one handler, which acknowledges the transmit alone', () => {
    const { rings, accesses, freed, interrupt, deliver, transmit } = bench();
    const sent = transmit(1);
    accesses.length = 0;
    rings.txDone = 1;
    deliver(1);
    interrupt(TX_OK | RX_OK);
    expect(accesses).toEqual([...HANDLER, `write IntrStatus ${TX_OK}`, ...MASK_RX, ...POLL, ...UNMASK]);
    expect(freed).toEqual(sent);
  });

  test('with nothing set is not its own: two reads', () => {
    const { accesses, interrupt } = bench();
    interrupt(0);
    expect(accesses).toEqual(HANDLER);
  });

  test('with all masked is not its own: one read', () => {
    const { device, accesses, interrupt } = bench();
    device.mask = 0;
    interrupt(RX_OK);
    expect(accesses).toEqual(['read IntrMask']);
  });
});

describe('receive (cp_rx_poll)', () => {
  test('gives each descriptor back at once, without a register', () => {
    const { rings, interrupt, deliver } = bench();
    rings.rxOwned = 64 - 40;
    deliver(40);
    interrupt(RX_OK);
    expect([rings.rxDone, rings.rxOwned]).toEqual([0, 64]);
  });

  test('acknowledges at each poll of at most 64, and unmasks after the one that finds fewer', () => {
    const { rings, accesses, received, interrupt, deliver } = bench();
    // Twice round the ring: the device refills while the driver polls.
    deliver(64);
    rings.rxDone = 64;
    interrupt(RX_OK);
    expect(received).toHaveLength(64);
    expect(accesses.slice(5)).toEqual([...POLL, ...POLL, ...UNMASK]);
  });
});
