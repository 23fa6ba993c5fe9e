/**
 * Who cuts 64 KiB into frames, and who merges them again. Sent: the NIC (TSO), which virtio hands them to in one piece; QEMU, for its emulated NICs, with
 * one writev a frame; the guest's stack (GSO), where no device does. Received: the NAPI poll of who owns the NIC (GRO); what
 * the host has merged is cut again in front of a tap that takes frames only, and fills several buffers of virtio.
 */
import { describe, expect, test } from 'vitest';
import { PACKET_MAX } from '../models/hardware/segmentation.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { ms } from '../units.ts';
import { datapathOf } from './index.ts';
import { Trial } from './trial.test-support.ts';

/** One packet of 64 KiB: how often each cost is paid. */
const run = (kind: string, direction: 'periodic' | 'receive', params: unknown) => {
  const { world, records } = new Trial({
    machine: machine('server-3ghz'),
    datapath: datapathOf(kind),
    params,
    loads: [{ kind: direction, rate: 1000, size: PACKET_MAX, paced: true }],
    stop: ms(1),
  }).run('drained');
  expect([records[0].completed, records[0].dropped]).toEqual([1, 0]);
  const paid = (cost: string) =>
    world.books.ledger.spending().reduce((sum, line) => sum + (line.cost === cost ? line.count : 0), 0);
  return { world, paid };
};

/** Sent: some of its costs, and frames on the wire. */
const counted = (kind: string, params: unknown = {}): Readonly<Record<string, number>> => {
  const { world, paid } = run(kind, 'periodic', params);
  const frames = world.books.counters
    .since([])
    .filter(({ counter }) => counter.metric === 'frames' && counter.component === 'tx');
  return {
    'stack.tx': paid('stack.tx'),
    'stack.gso': paid('stack.gso'),
    'tap.write': paid('tap.write'),
    'host.stackTx': paid('host.stackTx'),
    'nicDriver.tx': paid('nicDriver.tx'),
    frames: frames.reduce((sum, { value }) => sum + value, 0),
  };
};

const ONE = {
  'stack.tx': 1,
  'stack.gso': 0,
  'tap.write': 0,
  'host.stackTx': 0,
  'nicDriver.tx': 0,
  frames: 46,
};

describe('64 KiB to send', () => {
  test.each(['native', 'sriov'])('go through %s in one piece', (kind) => {
    expect(counted(kind)).toEqual({ ...ONE, 'nicDriver.tx': 1 });
  });

  test('go through vDPA in one piece', () => {
    expect(counted('vdpa')).toEqual(ONE);
  });

  test('go through vhost, bridge and NIC driver in one piece', () => {
    expect(counted('vhost-net')).toEqual({ ...ONE, 'host.stackTx': 1, 'nicDriver.tx': 1 });
  });

  test('go through QEMU, tap, bridge and NIC driver in one piece', () => {
    const through = { ...ONE, 'tap.write': 1, 'host.stackTx': 1, 'nicDriver.tx': 1 };
    expect(counted('virtio-net')).toEqual(through);
    expect(counted('e1000e')).toEqual(through);
  });

  test.each(['e1000', 'rtl8139'])('are cut by QEMU’s %s: one writev a frame', (kind) => {
    expect(counted(kind)).toEqual({ ...ONE, 'tap.write': 46, 'host.stackTx': 46, 'nicDriver.tx': 46 });
  });

  test('are cut by the guest for a switch that does not', () => {
    expect(counted('vhost-user')).toEqual({ ...ONE, 'stack.gso': 46 });
  });

  test('are cut by the guest where it did not negotiate HOST_TSO4', () => {
    const off = { tunables: { host_tso4: false } };
    expect(counted('vhost-net', off)).toEqual({
      ...ONE,
      'stack.gso': 46,
      'host.stackTx': 46,
      'nicDriver.tx': 46,
    });
  });
});

/** Received: how often driver and stack of host and guest, a merge and a cut are paid. */
const merged = (kind: string, params: unknown = {}): Readonly<Record<string, number>> => {
  const { paid } = run(kind, 'receive', params);
  const costs = ['nicDriver.rx', 'gro.merge', 'host.stackRx', 'stack.gso', 'stack.rx', 'virtioNet.rx'];
  return Object.fromEntries(costs.map((cost) => [cost, paid(cost)]).filter(([, count]) => count !== 0));
};

describe('64 KiB received', () => {
  const runsOf = (kind: string, params?: unknown) => merged(kind, params);

  test.each(['native', 'sriov'])(
    'are merged by the poll of %s’s driver: what is not merged goes up by itself',
    (kind) => {
      const { 'nicDriver.rx': frames, 'gro.merge': merges, 'stack.rx': up } = runsOf(kind);
      expect(frames).toBe(46);
      expect(up).toBe(46 - merges);
      expect(merges).toBeGreaterThan(30);
    },
  );

  test.each(['vhost-net', 'virtio-net'])(
    'are merged by the host for %s, and stay merged in the guest',
    (kind) => {
      const counts = runsOf(kind);
      const up = 46 - counts['gro.merge'];
      expect(counts).toEqual({
        'nicDriver.rx': 46,
        'gro.merge': 46 - up,
        'host.stackRx': up,
        'stack.rx': up,
        'virtioNet.rx': up,
      });
      expect(up).toBeLessThan(16);
    },
  );

  test.each(['e1000', 'rtl8139'])('are merged by the host and cut again for the tap of an %s', (kind) => {
    const counts = runsOf(kind);
    expect(counts['nicDriver.rx']).toBe(46);
    expect(counts['host.stackRx']).toBeLessThan(16);
    // A frame that nothing was merged with needs no cutting.
    expect(counts['stack.gso']).toBeGreaterThan(30);
    expect(counts['stack.gso']).toBeLessThanOrEqual(46);
  });

  test.each(['vhost-user', 'vdpa'])(
    'reach the guest as frames through %s, and are merged by its own poll',
    (kind) => {
      const counts = runsOf(kind);
      expect(counts['virtioNet.rx']).toBe(46);
      expect(counts['stack.rx']).toBe(46 - counts['gro.merge']);
    },
  );
});
