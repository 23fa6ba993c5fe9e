/** What virtio-net refuses though any ring would take it (virtio 1.2 §5.1.6). */
import { describe, expect, test } from 'vitest';
import { type Backend, backendRules } from './backend-rules.ts';
import { NEXT, WRITE } from './descriptor.ts';
import { BROKEN } from './device-queue.ts';
import type { NetFault } from './fault.ts';
import { type Feature, featureSet } from './features.ts';
import { GuestMemory } from './guest-memory.ts';
import { anyLayout, headerSize, receiveBuffer, transmitBuffer, transmitBufferOf } from './net-buffer.ts';
import { SplitDevice } from './split-device.ts';
import { SplitRing } from './split-ring.ts';

/** Bytes of each piece; the device writes into those in the second list. */
interface Buffer {
  readonly readable?: readonly number[];
  readonly writable?: readonly number[];
}

const popping = ({ readable = [], writable = [] }: Buffer, rule: typeof transmitBuffer, backend: Backend) => {
  const ring = new SplitRing(8, true);
  const pieces = [...readable, ...writable];
  pieces.forEach((length, slot) => {
    const flags = (slot < readable.length ? 0 : WRITE) | (slot < pieces.length - 1 ? NEXT : 0);
    ring.table.write(slot, 4096 * (slot + 1), length, flags, slot + 1);
  });
  ring.availIdx = 1;
  const device = new SplitDevice(ring, new GuestMemory(64), backendRules[backend], rule);
  return { popped: device.pop(), fault: device.fault, availableNow: device.availableNow };
};

type Case = readonly [string, Buffer, NetFault | null, NetFault | null];

/** The header is 12 bytes. In QEMU's column what virtio_net_flush_tx says, in vhost's what get_tx_bufs says. */
const transmitted: readonly Case[] = [
  ['header and frame in one piece', { readable: [12 + 60] }, null, null],
  ['header and frame apart', { readable: [12, 60] }, null, null],
  ['the header in two pieces', { readable: [5, 7, 60] }, null, null],
  ['one byte behind the header', { readable: [13] }, null, null],
  ['a header alone', { readable: [12] }, null, 'nothing behind the header'],
  ['eleven bytes', { readable: [11] }, 'header cut short', 'nothing behind the header'],
  ['eleven bytes in two pieces', { readable: [5, 6] }, 'header cut short', 'nothing behind the header'],
  [
    'nothing to read',
    { writable: [72] },
    'no readable piece in a transmit buffer',
    'writable piece in a transmit buffer',
  ],
  ['something to write', { readable: [72], writable: [1] }, null, 'writable piece in a transmit buffer'],
];

const received: readonly Case[] = [
  ['one piece', { writable: [1536] }, null, null],
  ['header and frame apart', { writable: [12, 1524] }, null, null],
  [
    'nothing to write',
    { readable: [1536] },
    'no writable piece in a receive buffer',
    'readable piece in a receive buffer',
  ],
  ['something to read', { readable: [12], writable: [1536] }, null, 'readable piece in a receive buffer'],
];

describe.each([
  ['transmit', transmitBuffer, transmitted],
  ['receive', receiveBuffer, received],
] as const)('a buffer to %s', (_direction, rule, cases) => {
  test.each(cases)('with %s', (_name, buffer, qemu, vhost) => {
    for (const [backend, fault] of [
      ['qemu', qemu],
      ['vhost', vhost],
    ] as const) {
      const taken = { popped: 0, fault: null, availableNow: false };
      // A refused buffer stays where it is.
      const refused = { popped: BROKEN, fault, availableNow: true };
      expect(popping(buffer, rule, backend), backend).toEqual(fault === null ? taken : refused);
    }
  });
});

test('vhost, which passes over empty pieces, finds nothing in a buffer that has no others', () => {
  expect(popping({ readable: [0] }, transmitBuffer, 'vhost').fault).toBe('nothing behind the header');
  expect(popping({ writable: [0] }, receiveBuffer, 'vhost').fault).toBe(
    'no writable piece in a receive buffer',
  );
});

test.each<[readonly Feature[], number]>([
  [[], 10],
  [['VIRTIO_NET_F_MRG_RXBUF'], 12],
  [['VIRTIO_F_VERSION_1'], 12],
  [['VIRTIO_F_VERSION_1', 'VIRTIO_NET_F_HASH_REPORT'], 20],
])('with %j the header has %i bytes (§5.1.6)', (features, bytes) => {
  expect(headerSize(featureSet(...features))).toBe(bytes);
});

test('a header needs a descriptor of its own unless VERSION_1 or ANY_LAYOUT say otherwise (§5.1.6.5)', () => {
  expect(anyLayout(featureSet('VIRTIO_F_EVENT_IDX'))).toBe(false);
  expect(anyLayout(featureSet('VIRTIO_F_ANY_LAYOUT'))).toBe(true);
  expect(anyLayout(featureSet('VIRTIO_F_VERSION_1'))).toBe(true);
});

test('what is too short for a header depends on the header', () => {
  const short = { readable: [11] };
  expect(popping(short, transmitBufferOf(12), 'qemu').fault).toBe('header cut short');
  expect(popping(short, transmitBufferOf(10), 'qemu').fault).toBeNull();
  expect(popping(short, transmitBufferOf(11), 'vhost').fault).toBe('nothing behind the header');
  expect(popping(short, transmitBufferOf(10), 'vhost').fault).toBeNull();
});
