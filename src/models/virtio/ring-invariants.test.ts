/** The rules of a ring that every run is held to are seen to bite. */
import { expect, test } from 'vitest';
import { DPDK, QEMU } from './backend-rules.ts';
import { GuestMemory } from './guest-memory.ts';
import type { SplitDriver } from './split-driver.ts';
import { virtqueue } from './virtqueue.ts';

const open = (rules = DPDK) => {
  const queue = virtqueue({ packed: false, eventIdx: true, inOrder: false }, 8);
  const driver = queue.driver({ indirect: false, rearmsWhileReaping: false }) as SplitDriver;
  const device = queue.device(new GuestMemory(8), rules);
  return { queue, driver, device };
};

test('one kick for each time that kicks were asked for, and one at the start, is what the event index allows', () => {
  const { queue, driver, device } = open();
  for (let i = 0; i < 4; i++) {
    driver.addOne(2048, 64, false, i);
    driver.kickPrepare();
    device.push(device.pop(), 0);
    device.flush();
    device.allowKicks();
    driver.reap();
  }
  expect([driver.kicked, queue.broken()]).toEqual([4, null]);
  // A driver that took the event for a flag would kick for each buffer.
  driver.kicked = 100;
  expect(queue.broken()).toMatch(/100 kicks, where the device asked for them 4 times/);
});

test('QEMU’s event moves with each pop, and may be passed as often', () => {
  const { queue, driver } = open(QEMU);
  driver.kicked = 100;
  expect(queue.broken()).toBeNull();
});

test('descriptors are neither lost nor made', () => {
  const { queue, driver } = open();
  driver.numFree = 9;
  expect(queue.broken()).toBe('9 of 8 descriptors are free');
});
