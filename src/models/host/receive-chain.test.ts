/** The receive buffers that a packet takes with MRG_RXBUF, as device and driver see them. */
import { describe, expect, test } from 'vitest';
import { VHOST } from '../virtio/backend-rules.ts';
import { BROKEN, EMPTY } from '../virtio/device-queue.ts';
import { NOTHING } from '../virtio/driver-queue.ts';
import { GuestMemory } from '../virtio/guest-memory.ts';
import { receiveBuffer } from '../virtio/net-buffer.ts';
import { virtqueue } from '../virtio/virtqueue.ts';
import { ReceiveChain } from './receive-chain.ts';

const PACKET = 5;

const bench = (lengths: readonly number[], { mergeable = true, packed = false } = {}) => {
  const memory = new GuestMemory(256);
  const ring = virtqueue({ packed, eventIdx: true, inOrder: false }, 64);
  const driver = ring.driver({ indirect: false, rearmsWhileReaping: false });
  const offer = (length: number): number => {
    const address = memory.allocate();
    driver.addOne(address, length, true, address);
    return address;
  };
  const addresses = lengths.map(offer);
  const device = ring.device(memory, VHOST, receiveBuffer);
  const chain = new ReceiveChain(device, memory, mergeable);
  const reaped = (): number[] => {
    const taken: number[] = [];
    for (let token = driver.reap(); token !== NOTHING; token = driver.reap()) taken.push(token);
    return taken;
  };
  return { memory, driver, device, chain, addresses, offer, reaped };
};

describe.each([false, true])('on a packed ring: %s', (packed) => {
  test('64 KiB fill 43 buffers of 1,536 bytes, and the first says so', () => {
    const { memory, device, chain, addresses, reaped } = bench(Array(50).fill(1536), { packed });
    expect(chain.take(65_536)).toBe(0);
    expect(chain.count).toBe(Math.ceil((65_536 + 12) / 1536));
    chain.fill(PACKET, 65_536);
    device.flush();
    expect(reaped()).toEqual(addresses.slice(0, 43));
    expect([memory.read(addresses[0]), memory.buffers(addresses[0])]).toEqual([PACKET, 43]);
  });

  test('what is too little stays available, until enough was added', () => {
    const { device, chain, offer } = bench([1536, 1536], { packed });
    expect(chain.take(4000)).toBe(EMPTY);
    expect(chain.short).toBe(true);
    expect(chain.take(3000)).toBe(0);
    chain.fill(PACKET, 3000);
    device.flush();
    expect(chain.take(3000)).toBe(EMPTY);
    expect(chain.short).toBe(false);
    offer(4096);
    expect([chain.take(4000), chain.count]).toEqual([0, 1]);
  });

  test('of too few the device asks to hear of more, and does', () => {
    const { driver, device, chain, offer } = bench([1536], { packed });
    driver.kickPrepare();
    expect(chain.take(4000)).toBe(EMPTY);
    device.allowKicks();
    offer(4096);
    expect(driver.kickPrepare()).toBe(true);
  });
});

test('a broken buffer among them breaks the ring, and takes none', () => {
  const { driver, device, chain } = bench([1536]);
  driver.addOne(-4096, 1536, true, 1);
  expect(chain.take(3000)).toBe(BROKEN);
  expect(device.fault).toBe('address outside guest memory');
});

test('without MRG_RXBUF a packet takes one buffer', () => {
  const { chain } = bench([1536, 1536], { mergeable: false });
  expect([chain.take(1514), chain.count]).toEqual([0, 1]);
});
