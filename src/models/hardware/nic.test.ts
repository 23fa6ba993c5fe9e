/** A NIC on its wire: instants by addition, finite rings, first in first out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Accounting } from '../../accounting/accounting.ts';
import { CostTable } from '../../accounting/cost.ts';
import { streams } from '../../kernel/random.ts';
import { Simulation } from '../../kernel/simulation.ts';
import { bitsPerSecond, ns, type Picoseconds, ps } from '../../units.ts';
import { serialization } from './frame.ts';
import { Iommu } from './iommu.ts';
import type { Moderation } from './moderation.ts';
import { Nic, type NicSettings } from './nic.ts';
import { Packets } from './packets.ts';
import { RemotePeer } from './remote-peer.ts';

const OFF: Moderation = { kind: 'off', gap: ps(0), txGap: ps(0) };

const settings: NicSettings = {
  rate: bitsPerSecond(10e9),
  propagation: ns(500),
  pcieRate: bitsPerSecond(50e9),
  doorbellLatency: ns(200),
  dmaRead: ns(700),
  dmaWrite: ns(300),
  pipelineTransmit: ns(310),
  pipelineReceive: ns(410),
};

const bench = ({ translated = false, rxRing = 512, moderation = OFF, rate = settings.rate } = {}) => {
  const sim = new Simulation();
  const books = new Accounting(new CostTable(new Map(), streams(1, 0).stream));
  const packets = new Packets();
  const iommu = new Iommu({
    lookup: ns(50),
    entries: 64,
    walkRead: ps(0),
    request: settings.dmaRead,
    deviceEntries: 0,
  });
  const nic = new Nic(sim, books, packets, { ...settings, rate }, iommu);
  const peer = new RemotePeer(sim, books, packets, nic);
  /** Its memory is mapped once, as a VF's. */
  const requester = (name: string) =>
    iommu.requester(books.counters, name, '', iommu.domain('1 GiB', 2 ** 18));
  const dma = translated ? requester('nic') : null;
  const fn = nic.addFunction('nic', '', { txRing: 1024, rxRing, moderation, dma });
  nic.route(0, fn);
  peer.role(0, { kind: 'sink' });
  const record = books.timeline.workload('w');
  const departures: { packet: number; at: number }[] = [];
  const interrupts: number[] = [];
  nic.departed.connect((packet) => departures.push({ packet, at: sim.now }));
  fn.interrupt.connect(() => interrupts.push(sim.now));
  const send = (size: number): number => {
    const request = books.timeline.open(record, sim.now, sim.now, size);
    const packet = packets.create(size, request, 0);
    fn.transmit(packet);
    return packet;
  };
  const at = (time: number, act: () => void): void => void sim.at(time as Picoseconds, sim.handler(act));
  return { sim, books, packets, nic, iommu, requester, peer, fn, record, departures, interrupts, send, at };
};

/** The shortest frame: 60 B over the bus at 50 Gbit/s; on the wire 84 B with FCS, preamble and gap, at 10 Gbit/s. */
const BUS_60 = (60 * 8 * 1000) / 50;
const WIRE_60 = 67_200;

describe('a lone frame of 60 bytes', () => {
  test('leaves after doorbell, descriptor read, bus, payload read, pipeline and wire', () => {
    const { sim, departures, send } = bench();
    send(60);
    sim.run(ns(10_000));
    expect(departures.map(({ at }) => at)).toEqual([
      200_000 + 700_000 + BUS_60 + 700_000 + 310_000 + WIRE_60,
    ]);
  });

  test('leaves two translations later when its addresses pass the IOMMU', () => {
    const { sim, departures, send } = bench({ translated: true });
    send(60);
    sim.run(ns(10_000));
    expect(departures[0].at).toBe(200_000 + 700_000 + BUS_60 + 700_000 + 310_000 + WIRE_60 + 2 * 50_000);
  });

  test.each([
    [false, 0],
    [true, 2 * 50_000],
  ])(
    'arrives in memory after wire, propagation, pipeline, bus and write (translated: %s)',
    (translated, more) => {
      const { sim, packets, nic, fn, interrupts } = bench({ translated });
      fn.post(1);
      nic.receive(packets.create(60, -1, 0));
      sim.run(ns(10_000));
      expect(interrupts).toEqual([WIRE_60 + 500_000 + 410_000 + BUS_60 + 300_000 + more]);
      expect(fn.received.length).toBe(1);
    },
  );

  test('has a life of stages that adds up to its latency', () => {
    const { sim, books, record, send } = bench();
    record.startMeasuring(ps(0));
    send(60);
    sim.run(ns(10_000));
    const stage = (name: string) =>
      record.stageSums[books.timeline.stages.list.find((s) => s.name === name)!.id];
    expect([record.completed, stage('wire')]).toEqual([1, WIRE_60]);
    expect(stage('nic: fetch')).toBe(200_000 + 700_000 + BUS_60 + 700_000 + 310_000);
    expect(stage('wait: wire') + stage('wait: PCIe')).toBe(0);
  });
});

describe('a packet of 64 KiB', () => {
  /** Doorbell, descriptor read, payload read, pipeline. */
  const WAY = 200_000 + 700_000 + 700_000 + 310_000;
  const onBus = (size: number): number => (size * 8 * 1000) / 50;

  test('leaves as 46 frames in a row, of which the first goes as soon as it is fetched', () => {
    const { sim, books, departures, send } = bench();
    send(65_536);
    sim.run(ns(100_000));
    expect(departures.map(({ at }) => at)).toEqual([WAY + onBus(1514) + 45 * 1_230_400 + 400 * 800]);
    expect(books.counters.counter('frames', 'tx', '').value).toBe(46);
  });

  test('leaves on a wire faster than the bus when its last frame is fetched', () => {
    const { sim, departures, send } = bench({ rate: bitsPerSecond(100e9) });
    send(65_536);
    sim.run(ns(100_000));
    expect(departures.map(({ at }) => at)).toEqual([WAY + onBus(65_536) + 400 * 80]);
  });
});

describe('the IOMMU', () => {
  test('looks addresses up one after the other, whatever function asks, and the second one waits', () => {
    const { sim, books, nic, requester, record, departures, send, packets } = bench({ translated: true });
    record.startMeasuring(ps(0));
    const other = nic.addFunction('vf', '', {
      txRing: 64,
      rxRing: 64,
      moderation: OFF,
      dma: requester('vf'),
    });
    other.interrupt.connect(() => {});
    send(60);
    other.transmit(packets.create(60, books.timeline.open(record, ps(0), ps(0), 60), 0));
    sim.run(ns(10_000));
    // Two lookups of 50 ns are longer than a frame of 60 bytes takes on bus or wire.
    expect(departures[1].at - departures[0].at).toBe(100_000);
    const waited = books.timeline.stages.list.find(({ name }) => name === 'wait: IOMMU');
    expect(record.stageSums[waited!.id]).toBe(100_000);
    expect(nic.iommu.reads.lookups.use()).toMatchObject({ transfers: 2, busy: 200_000, waited: 100_000 });
  });

  test('refuses what is not mapped: the frame is lost and counted, and nobody else notices', () => {
    const { sim, books, nic, iommu, packets, record, departures, send } = bench({ translated: true });
    const domain = iommu.domain('4 KiB');
    const dma = iommu.requester(books.counters, 'vf', 'hostile', domain);
    const hostile = nic.addFunction('vf', 'hostile', { txRing: 64, rxRing: 64, moderation: OFF, dma });
    const interrupts: number[] = [];
    hostile.interrupt.connect(() => interrupts.push(sim.now));
    nic.route(1, hostile);
    // Its rings are mapped, its buffers are not.
    domain.map(0);
    const frame = (flow: number): number =>
      packets.create(60, books.timeline.open(record, sim.now, sim.now, 60), flow);
    const wild = frame(1);
    packets.page[wild] = 5;
    hostile.transmit(wild);
    hostile.postBuffer(7);
    nic.receive(frame(1));
    send(60);
    sim.run(ns(10_000));
    expect(dma.faults.value).toBe(2);
    expect([...record.drops]).toEqual([
      ['vf: DMA read refused', 1],
      ['vf: DMA write refused', 1],
    ]);
    expect([hostile.transmitted, hostile.received.length, interrupts.length]).toEqual([1, 0, 1]);
    // The other's frame waits for two lookups before its own, and for no data of the hostile one.
    expect(departures.map(({ at }) => at)).toEqual([
      200_000 + 4 * 50_000 + 700_000 + BUS_60 + 700_000 + 310_000 + WIRE_60,
    ]);
    // What was refused once may be mapped, and is written then.
    domain.map(7);
    nic.receive(frame(1));
    sim.run(ns(20_000));
    expect([dma.faults.value, hostile.received.length]).toEqual([2, 1]);
  });

  test('does not delay what is not translated', () => {
    const { sim, nic, departures, send } = bench();
    send(60);
    send(60);
    sim.run(ns(10_000));
    expect(departures[1].at - departures[0].at).toBe(BUS_60 > WIRE_60 ? BUS_60 : WIRE_60);
    expect(nic.iommu.reads.lookups.use().transfers).toBe(0);
  });
});

describe('the wire', () => {
  test('carries frames in the order of their doorbells, one after the other without overlap', () => {
    const sizes = fc.array(fc.tuple(fc.integer({ min: 60, max: 1514 }), fc.nat(3_000_000)), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(sizes, (frames) => {
        const { sim, packets, departures, send, at } = bench();
        const order: number[] = [];
        let time = 0;
        for (const [size, gap] of frames) {
          time += gap;
          at(time, () => order.push(send(size)));
        }
        sim.run(ps(time + 100_000_000));
        expect(departures.map(({ packet }) => packet)).toEqual(order);
        for (let i = 1; i < departures.length; i++) {
          const span = serialization(packets.size[departures[i].packet], settings.rate);
          expect(departures[i].at - departures[i - 1].at).toBeGreaterThanOrEqual(span);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('is never idle while frames wait, and its use is their sum', () => {
    const { sim, nic, departures, send } = bench();
    for (let i = 0; i < 100; i++) send(1514);
    sim.run(ns(1_000_000));
    const first = departures[0].at;
    expect(departures.map(({ at }) => at)).toEqual(departures.map((_, i) => first + i * 1_230_400));
    expect(nic.egress.use()).toMatchObject({ transfers: 100, busy: 100 * 1_230_400 });
  });

  test('in the other direction is another one', () => {
    const { sim, packets, nic, fn, departures, interrupts, send } = bench();
    fn.post(1);
    send(1514);
    nic.receive(packets.create(60, -1, 0));
    sim.run(ns(10_000));
    // As alone: the departing frame of 1,230 ns does not hold up the arriving one.
    expect(interrupts[0]).toBe(WIRE_60 + 500_000 + 410_000 + BUS_60 + 300_000);
    expect(departures).toHaveLength(1);
  });

  test('gives arriving frames one after the other, spaced by their own length', () => {
    const { sim, packets, nic, fn, interrupts } = bench();
    fn.post(3);
    for (let i = 0; i < 3; i++) nic.receive(packets.create(1514, -1, 0));
    fn.interrupt.connect(() => fn.vector.unmask(false, false));
    sim.run(ns(10_000));
    expect(interrupts.map((at) => at - interrupts[0])).toEqual([0, 1_230_400, 2 * 1_230_400]);
  });
});

describe('rings are finite', () => {
  test('a frame without a posted buffer is dropped, with place and reason, and its packet goes back to the pool', () => {
    const { sim, peer, packets, fn, record } = bench();
    fn.post(2);
    for (let i = 0; i < 5; i++) peer.send(record, 0, 60);
    sim.run(ns(100_000));
    expect(fn.received.length).toBe(2);
    expect([...record.drops]).toEqual([['nic: no receive buffer', 3]]);
    expect([record.submitted, record.dropped, packets.alive]).toEqual([5, 3, 2]);
  });

  test('no more buffers can be posted than the ring has', () => {
    const { fn } = bench({ rxRing: 64 });
    fn.post(64);
    expect(() => fn.post(1)).toThrow(/receive ring overfilled/);
  });

  test('a buffer is used once: frames and posts balance', () => {
    const { sim, peer, packets, fn, record } = bench({ rxRing: 64 });
    fn.post(64);
    for (let i = 0; i < 100; i++) peer.send(record, 0, 60);
    sim.run(ns(1_000_000));
    expect([fn.received.length, record.dropped]).toEqual([64, 36]);
    for (let i = 0; i < 64; i++) packets.release(fn.received.shift());
    fn.post(64);
    for (let i = 0; i < 100; i++) peer.send(record, 0, 60);
    sim.run(ns(2_000_000));
    expect([fn.received.length, record.dropped]).toEqual([64, 72]);
  });
});

describe('a function counts what it transmitted', () => {
  test('and interrupts after the last bit, once until it is unmasked', () => {
    const { sim, fn, departures, interrupts, send } = bench();
    for (let i = 0; i < 10; i++) send(60);
    sim.run(ns(100_000));
    expect(fn.transmitted).toBe(10);
    expect(interrupts).toEqual([departures[0].at]);
    fn.vector.unmask(false, true);
    expect(interrupts).toHaveLength(2);
  });
});

describe('two functions', () => {
  test('share the wire but not rings, counts or interrupts', () => {
    const { sim, packets, nic, fn, departures, interrupts } = bench();
    const other = nic.addFunction('vf', 'vm', {
      txRing: 1024,
      rxRing: 512,
      moderation: OFF,
      dma: null,
    });
    let raised = 0;
    other.interrupt.connect(() => raised++);
    nic.route(1, other);
    other.post(1);
    fn.transmit(packets.create(1514, -1, 0));
    other.transmit(packets.create(1514, -1, 1));
    nic.receive(packets.create(60, -1, 1));
    sim.run(ns(100_000));
    expect(departures[1].at - departures[0].at).toBe(1_230_400);
    expect([fn.transmitted, other.transmitted]).toEqual([1, 1]);
    expect([fn.received.length, other.received.length]).toEqual([0, 1]);
    expect([interrupts.length, raised]).toEqual([1, 1]);
  });
});

describe('the peer', () => {
  test('completes what it only receives when the last bit has left the NIC', () => {
    const { sim, record, departures, send } = bench();
    record.startMeasuring(ps(0));
    send(60);
    sim.run(ns(10_000));
    expect([record.completed, record.latency.mean]).toEqual([1, departures[0].at]);
  });

  test('answers after propagation and service, with a packet of its own', () => {
    const { sim, peer, packets, fn, departures, interrupts, send } = bench();
    peer.role(0, { kind: 'server', response: 60, service: () => ns(2000) });
    fn.post(1);
    fn.interrupt.connect(() => {
      fn.transmitted = 0;
      fn.vector.unmask(false, false);
    });
    const sent = send(60);
    sim.run(ns(100_000));
    const reached = departures[0].at + 500_000;
    const answered = reached + 2_000_000;
    expect(interrupts[1]).toBe(answered + WIRE_60 + 500_000 + 410_000 + BUS_60 + 300_000);
    const answer = fn.received.shift();
    expect([packets.request[answer], packets.size[answer]]).toEqual([packets.request[sent], 60]);
    expect(answer).not.toBe(sent);
  });

  test('serves many requests at once', () => {
    const { sim, peer, fn, departures, send } = bench();
    peer.role(0, { kind: 'server', response: 60, service: () => ns(50_000) });
    fn.post(512);
    for (let i = 0; i < 20; i++) send(60);
    sim.run(ns(60_000));
    // Were they served one by one, the last would be ready after 20 × 50 us.
    expect(departures).toHaveLength(20);
    expect(fn.received.length).toBe(20);
  });
});
