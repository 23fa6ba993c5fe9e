/** Receive buffers of each kind: how many fit a ring, how long they are, and of how many descriptors (Linux's virtio_net). */
import { expect, test } from 'vitest';
import { VHOST } from '../virtio/backend-rules.ts';
import { EMPTY } from '../virtio/device-queue.ts';
import { GuestMemory } from '../virtio/guest-memory.ts';
import { receiveBuffer } from '../virtio/net-buffer.ts';
import { virtqueue } from '../virtio/virtqueue.ts';
import { ReceiveBuffers, type ReceiveKind } from './virtio-net-receive-buffers.ts';

interface Drawn {
  readonly indirect?: boolean;
  readonly packed?: boolean;
  readonly header?: number;
  /** Lengths of packets that came before. */
  readonly received?: readonly number[];
}

const filled = (
  kind: ReceiveKind,
  { indirect = false, packed = false, header = 12, received = [] }: Drawn = {},
) => {
  const memory = new GuestMemory(4096);
  const queue = virtqueue({ packed, eventIdx: true, inOrder: false }, 256);
  const driver = queue.driver({ indirect, rearmsWhileReaping: false });
  const device = queue.device(memory, VHOST, receiveBuffer);
  const offered = new ReceiveBuffers(driver, kind, header, indirect);
  for (const bytes of received) offered.received(bytes);
  while (offered.room) offered.add(memory.allocate());
  let buffers = 0;
  while (device.pop() !== EMPTY) buffers++;
  const lengths = Array.from({ length: device.pieces }, (_, i) => device.length[i]);
  return { buffers, lengths, extra: device.takeDescriptors() };
};

test('a mergeable buffer is one descriptor of 1536 bytes: header and 1518, in whole cache lines', () => {
  expect(filled('mergeable')).toEqual({ buffers: 256, lengths: [1536], extra: 0 });
});

test('a small one is a descriptor of header and 1518 bytes', () => {
  expect(filled('small')).toEqual({ buffers: 256, lengths: [1530], extra: 0 });
  expect(filled('small', { header: 10 }).lengths).toEqual([1528]);
});

test.each([false, true])(
  'of big ones, 19 descriptors each, a ring of 256 holds only 13 (packed %s)',
  (packed) => {
    const { buffers, lengths, extra } = filled('big', { packed });
    expect([buffers, lengths.length, extra]).toEqual([13, 19, 13 * 18]);
    expect(lengths.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(65_536);
  },
);

test('mergeable ones follow the mean of what is received, up to a page', () => {
  const of = (received: number[]) => filled('mergeable', { received }).lengths[0];
  // The first is the mean; after that each counts for a 64th, without fractions.
  expect(of([3000])).toBe(Math.ceil((12 + 3000) / 64) * 64);
  expect(of([3000, 65_226])).toBe(Math.ceil((12 + ((3000 * 63 + 65_226) >> 6)) / 64) * 64);
  expect(of([65_226])).toBe(4096);
  expect(of([60, 60])).toBe(1536);
});

test('with indirect tables the ring holds 256 big ones, of a slot each', () => {
  const { buffers, extra } = filled('big', { indirect: true });
  expect([buffers, extra]).toEqual([256, 256 * 19]);
});
