/** The header in front of a frame: in the same descriptor, or in one of its own (virtio 1.2 §5.1.6.5, Linux can_push). */
import { describe, expect, test } from 'vitest';
import { VHOST } from '../virtio/backend-rules.ts';
import { NOTHING } from '../virtio/driver-queue.ts';
import { GuestMemory, NO_PACKET } from '../virtio/guest-memory.ts';
import { transmitBufferOf } from '../virtio/net-buffer.ts';
import { virtqueue } from '../virtio/virtqueue.ts';
import { TransmitBuffers } from './virtio-net-transmit-buffers.ts';

const SIZE = 16;
const PACKET = 7;

const bench = ({ size, apart, indirect }: { size: number; apart: boolean; indirect: boolean }) => {
  const memory = new GuestMemory(64);
  const ring = virtqueue({ packed: false, eventIdx: false, inOrder: false }, SIZE);
  const queue = ring.driver({ indirect, rearmsWhileReaping: false });
  const buffers = new TransmitBuffers(queue, memory, { size, apart });
  const device = ring.device(memory, VHOST, transmitBufferOf(size));
  return { memory, queue, buffers, device };
};

describe.each([
  ['one descriptor with VERSION_1', { size: 12, apart: false, indirect: true }, [72], 1],
  [
    'two slots on a legacy device without indirect descriptors',
    { size: 10, apart: true, indirect: false },
    [10, 60],
    2,
  ],
  [
    'one slot with a table of two where those are negotiated',
    { size: 12, apart: true, indirect: true },
    [12, 60],
    1,
  ],
] as const)('%s', (_name, setup, lengths, slots) => {
  test('the device finds header and frame', () => {
    const { buffers, device, queue, memory } = bench(setup);
    expect(buffers.add(PACKET, 60)).toBe(true);
    expect(SIZE - queue.numFree).toBe(slots);
    expect(device.pop()).toBeGreaterThanOrEqual(0);
    expect([...device.length.slice(0, device.pieces)]).toEqual(lengths);
    const held = [...device.address.slice(0, device.pieces)].map((address) => memory.read(address));
    expect(held.filter((packet) => packet !== NO_PACKET)).toEqual([PACKET]);
  });

  test('a full ring holds as many as fit, and all memory comes back', () => {
    const { buffers, device, queue, memory } = bench(setup);
    for (let round = 0; round < 10; round++) {
      let added = 0;
      while (buffers.add(PACKET, 60)) added++;
      expect(added).toBe(SIZE / slots);
      for (let i = 0; i < added; i++) device.push(device.pop(), 0);
      device.flush();
      for (let token = queue.reap(); token !== NOTHING; token = queue.reap()) {
        expect(memory.read(token)).toBe(PACKET);
        buffers.release(token);
      }
      expect(queue.numFree).toBe(SIZE);
    }
    // 64 buffers are enough for ten times sixteen only if each is given back.
  });
});

describe.each([
  ['one slot with a table', { size: 12, apart: false, indirect: true }, [78, 32_768, 32_702], 1],
  ['three slots without', { size: 12, apart: false, indirect: false }, [78, 32_768, 32_702], 3],
  ['one more with the header apart', { size: 10, apart: true, indirect: false }, [10, 66, 32_768, 32_702], 4],
] as const)('64 KiB take %s', (_name, setup, lengths, slots) => {
  test('the device finds headers and page fragments', () => {
    const { buffers, device, queue } = bench(setup);
    expect(buffers.add(PACKET, 65_536)).toBe(true);
    expect(SIZE - queue.numFree).toBe(slots);
    expect(device.pop()).toBeGreaterThanOrEqual(0);
    expect([...device.length.slice(0, device.pieces)]).toEqual(lengths);
  });
});
