/**
 * What Linux's drivers do to QEMU's emulated NICs per operation, derived by hand from the drivers' and the devices' code:
 * each register access by name, messages raised and interrupts taken. Paced traffic, so that no count depends on speed.
 */
import { describe, expect, test } from 'vitest';
import { OpenLoopSender } from '../models/guest/applications/open-loop-sender.ts';
import { Receiver } from '../models/guest/applications/receiver.ts';
import { RequestClient } from '../models/guest/applications/request-client.ts';
import { fixedSize, periodic } from '../models/guest/arrivals.ts';
import { NetStack } from '../models/guest/net-stack.ts';
import { SOCKET_MEMORY, Socket } from '../models/guest/socket.ts';
import { TrafficSource } from '../models/hardware/traffic-source.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { ms, us } from '../units.ts';
import { datapathOf } from './index.ts';
import { type GuestIommuSettings, World } from './world.ts';

/** `rrd`: ping-pong with the answer after 2 ms; `txp`, `rxp`: one packet each 2 ms. */
type Pace = 'rrd' | 'txp' | 'rxp';
type Counts = Readonly<Record<string, number>>;

const OPERATIONS = 160;

/** Counts of 160 operations in the steady state. */
const counted = (
  kind: string,
  pace: Pace,
  size = 106,
  params: unknown = {},
  viommu?: GuestIommuSettings,
): Counts => {
  const world = new World(machine('server-3ghz'), { seed: 1, replication: 0, maxEvents: 2e6 });
  const { sim, books, packets, peer, random } = world;
  const datapath = datapathOf(kind);
  const vm = { name: 'vm', vcpus: [[0]], backend: [1], ...(viommu && { viommu }) };
  const { processor, device, route } = datapath.build(world, vm, datapath.params.parse(params));
  const stack = new NetStack(processor, packets, device);
  const socket = new Socket(SOCKET_MEMORY, 277);
  const record = books.timeline.workload('w');
  const endpoint = { record, flow: 0, socket, stack, packets, sizes: fixedSize(size) };
  stack.bind(0, socket);
  route(0);
  const arrivals = periodic(random.stream('arrivals'), ms(2));
  peer.role(0, { kind: 'sink' });
  if (pace === 'txp') new OpenLoopSender(processor, endpoint, arrivals);
  else if (pace === 'rxp') {
    new Receiver(processor, endpoint);
    new TrafficSource(sim, peer, { record, flow: 0, arrivals, sizes: endpoint.sizes });
  } else {
    peer.role(0, { kind: 'server', response: size, service: () => ms(2) });
    new RequestClient(processor, endpoint, us(0));
  }
  const until = (operations: number): void => {
    while (record.completed < operations) sim.run((sim.now + ms(1)) as never);
    // Half-way to the next operation: everything that this one caused is over.
    sim.run((sim.now + us(700)) as never);
  };
  until(20);
  const before = new Map(books.counters.since([]).map(({ counter, value }) => [counter, value]));
  const done = record.completed;
  until(done + OPERATIONS);
  expect(record.completed - done).toBe(OPERATIONS);
  const counts: Record<string, number> = {};
  for (const { counter, value } of books.counters.since([])) {
    const { metric, component, vm: owner } = counter;
    const name = metric === 'exits.device' || component === 'eoi' ? component : metric;
    if (owner !== vm.name || !/^(read|write) |^eoi$|^interrupts\.(raised|taken)$/.test(name)) continue;
    const count = value - (before.get(counter) ?? 0);
    if (count > 0) counts[name] = (counts[name] ?? 0) + count / OPERATIONS;
  }
  return counts;
};

describe('e1000e', () => {
  /**
   * e1000_xmit_frame: TDT. e1000_intr_msix_tx: IMS. QEMU sends a second message at the end of the throttle gap of 128 us
   * (e1000e_intrmgr_on_msix_throttling_timer), whose handler finds nothing and writes IMS again.
   */
  const transmit = { 'write TDT': 1, 'write IMS': 2, 'interrupts.raised': 2, 'interrupts.taken': 2 };
  /** e1000e_poll: IMS, for both messages; e1000_alloc_rx_buffers: RDT where the buffer's number is a multiple of 16. */
  const receive = {
    'write RDT': 1 / 16,
    'write IMS': 2,
    'interrupts.raised': 2,
    'interrupts.taken': 2,
  };
  const both = {
    'write TDT': 1,
    'write RDT': 1 / 16,
    'write IMS': 4,
    'interrupts.raised': 4,
    'interrupts.taken': 4,
  };

  test.each([106, 1514])('a round trip of %i B writes TDT, IMS four times and a sixteenth of RDT', (size) => {
    expect(counted('e1000e', 'rrd', size)).toEqual(both);
  });

  test('a paced transmit: TDT, and IMS in each of two interrupts', () => {
    expect(counted('e1000e', 'txp')).toEqual(transmit);
  });

  test('a paced receive: IMS after each of two polls, and a sixteenth of RDT', () => {
    expect(counted('e1000e', 'rxp')).toEqual(receive);
  });

  test('in a VM just started, where nothing was postponed yet, the end of the gap sends nothing', () => {
    const params = { throttleExpiry: 'once-postponed' };
    const once = { 'interrupts.raised': 1, 'interrupts.taken': 1 };
    expect(counted('e1000e', 'txp', 106, params)).toEqual({ 'write TDT': 1, 'write IMS': 1, ...once });
    expect(counted('e1000e', 'rxp', 106, params)).toEqual({ 'write RDT': 1 / 16, 'write IMS': 1, ...once });
    expect(counted('e1000e', 'rrd', 106, params)).toEqual({
      'write TDT': 1,
      'write RDT': 1 / 16,
      'write IMS': 2,
      'interrupts.raised': 2,
      'interrupts.taken': 2,
    });
  });
});

describe('rtl8139', () => {
  /**
   * cp_start_xmit: TxPoll. cp_interrupt: reads IntrMask and IntrStatus, acknowledges TxOK. cp_tx reads no register.
   */
  const transmit = {
    'write TxPoll': 1,
    'read IntrMask': 1,
    'read IntrStatus': 1,
    'write IntrStatus': 1,
    eoi: 1,
    'interrupts.raised': 1,
    'interrupts.taken': 1,
  };
  /**
   * cp_interrupt: reads IntrMask and IntrStatus, acknowledges nothing, masks the causes of receive (cpw16_f: a write and a
   * read). cp_rx_poll: acknowledges them; unmasks (a write and a read).
   */
  const receive = {
    'read IntrMask': 3,
    'read IntrStatus': 1,
    'write IntrStatus': 2,
    'write IntrMask': 2,
    eoi: 1,
    'interrupts.raised': 1,
    'interrupts.taken': 1,
  };
  const both = {
    'write TxPoll': 1,
    'read IntrMask': 4,
    'read IntrStatus': 2,
    'write IntrStatus': 3,
    'write IntrMask': 2,
    eoi: 2,
    'interrupts.raised': 2,
    'interrupts.taken': 2,
  };

  test.each([106, 1514])('a round trip of %i B makes twelve accesses in two interrupts', (size) => {
    expect(counted('rtl8139', 'rrd', size)).toEqual(both);
  });

  test('a paced transmit makes four, three of them in its interrupt', () => {
    expect(counted('rtl8139', 'txp')).toEqual(transmit);
  });

  test('a paced receive makes eight, all in its interrupt', () => {
    expect(counted('rtl8139', 'rxp')).toEqual(receive);
  });
});

describe('e1000', () => {
  /** e1000_intr: ICR, IMC, STATUS; e1000_clean: IMS, STATUS (E1000_WRITE_FLUSH); e1000_xmit_frame: TDT. */
  const interrupt = {
    'read ICR': 1,
    'write IMC': 1,
    'read STATUS': 2,
    'write IMS': 1,
    eoi: 1,
    'interrupts.raised': 1,
    'interrupts.taken': 1,
  };

  test('a paced transmit makes six accesses, a paced receive six', () => {
    expect(counted('e1000', 'txp')).toEqual({ 'write TDT': 1, ...interrupt });
    expect(counted('e1000', 'rxp')).toEqual({ 'write RDT': 1, ...interrupt });
  });
});

describe('behind an IOMMU that the guest sees', () => {
  const strict = { device: 'intel-iommu', cachingMode: false, strict: true } as const;
  const caching = { device: 'intel-iommu', cachingMode: true, strict: false } as const;
  /** Invalidations an operation: each unmap; in caching mode, intel_iommu_iotlb_sync_map, each map as well. */
  const announced = (kind: string, size: number, viommu: GuestIommuSettings): number | undefined =>
    counted(kind, 'rrd', size, {}, viommu)['write IQT_REG'];

  // e1000_clean_rx_irq of e1000e and cp_rx_poll unmap the buffer of every frame, copied or not.
  test.each(['e1000e', 'rtl8139'])('%s maps and unmaps each frame, whatever its size', (kind) => {
    for (const size of [106, 1514]) {
      expect(announced(kind, size, strict)).toBe(2);
      expect(announced(kind, size, caching)).toBe(4);
    }
  });

  // e1000_copybreak: up to 256 bytes, FCS included, the buffer stays mapped.
  test.each([
    [252, 1],
    [253, 2],
  ])('e1000 copies a frame of %i bytes, or lets its buffer go', (size, buffers) => {
    expect(announced('e1000', size, strict)).toBe(buffers);
    expect(announced('e1000', size, caching)).toBe(2 * buffers);
  });

  test.each(['e1000', 'e1000e', 'rtl8139'])('%s touches its own registers as often as without', (kind) => {
    const { 'write IQT_REG': _, ...others } = counted(kind, 'rrd', 1514, {}, caching);
    expect(others).toEqual(counted(kind, 'rrd', 1514));
  });
});
