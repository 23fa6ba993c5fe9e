/**
 * Who cuts 64 KiB into frames: the NIC (TSO), which virtio hands them to in one piece; QEMU, for its emulated NICs, with
 * one writev a frame; the guest's stack (GSO), where no device does. One packet each, in the steady state.
 */
import { describe, expect, test } from 'vitest';
import { PACKET_MAX } from '../models/hardware/segmentation.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { ms } from '../units.ts';
import { datapathOf } from './index.ts';
import { Trial } from './trial.test-support.ts';

/** One packet of 64 KiB: how often each of these costs is paid, and frames on the wire. */
const counted = (kind: string, params: unknown = {}): Readonly<Record<string, number>> => {
  const { world, records } = new Trial({
    machine: machine('server-3ghz'),
    datapath: datapathOf(kind),
    params,
    loads: [{ kind: 'periodic', rate: 1000, size: PACKET_MAX }],
    stop: ms(1),
  }).run('drained');
  expect(records[0].completed).toBe(1);
  const paid = (cost: string) =>
    world.books.ledger.spending().reduce((sum, line) => sum + (line.cost === cost ? line.count : 0), 0);
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

describe('64 KiB', () => {
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
