/** How many cache lines of a ring change cores per packet, against the count by hand for each layout and batch size. */
import { describe, expect, test } from 'vitest';
import { DPDK } from './backend-rules.ts';
import { GuestMemory } from './guest-memory.ts';
import { RingLines } from './ring-lines.ts';
import { virtqueue } from './virtqueue.ts';

/** Lines per packet of both sides, where batches of `batch` packets are sent, served and reaped in turn. */
const linesPerPacket = (packed: boolean, batch: number): number => {
  const queue = virtqueue({ packed, eventIdx: true, inOrder: false }, 256);
  const driver = queue.driver({ indirect: false, rearmsWhileReaping: false });
  const device = queue.device(new GuestMemory(16), DPDK);
  const round = (): void => {
    driver.disableCallbacks();
    for (let i = 0; i < batch; i++) driver.addOne(2048, 64, false, i);
    driver.enableCallbacksDelayed();
    driver.kickPrepare();
    device.suppressKicks();
    const heads = Array.from({ length: batch }, () => device.pop());
    for (const head of heads) device.push(head, 0);
    device.flush();
    device.shouldSignal();
    device.allowKicks();
    driver.interrupted();
    for (let i = 0; i < batch; i++) driver.reap();
  };
  const total = (): number => driver.takeLines() + device.takeLines();
  for (let i = 0; i < 100; i++) round();
  total();
  const rounds = 1024;
  for (let i = 0; i < rounds; i++) round();
  return total() / (rounds * batch);
};

describe('lines that change cores per packet', () => {
  test('split, one packet at a time: avail index and entry, descriptor, used index and entry, both event indices', () => {
    const lines = linesPerPacket(false, 1);
    // Index and entry share a line only at the beginning of a ring, which lowers the 7 a little.
    expect(lines).toBeGreaterThan(6.5);
    expect(lines).toBeLessThan(7);
  });

  test('packed, one at a time: the descriptor there and back, and an event structure', () => {
    const lines = linesPerPacket(true, 1);
    expect(lines).toBeGreaterThanOrEqual(2);
    // Two event structures are written here, since kicks and interrupts are allowed anew for each packet.
    expect(lines).toBeLessThanOrEqual(4);
  });

  test.each([16, 32, 64])('in batches of %i, entries share lines: 4, 32 and 8 of them', (batch) => {
    // Descriptors 1/4, avail entries 1/32, used entries 1/8; four words once a batch, two entries at their ends.
    const split = linesPerPacket(false, batch);
    expect(split).toBeGreaterThanOrEqual(1 / 4 + 1 / 32 + 1 / 8);
    expect(split).toBeLessThanOrEqual(1 / 4 + 1 / 32 + 1 / 8 + 6 / batch);
    // Descriptors 1/4 there and 1/4 back; two event structures a batch.
    const packed = linesPerPacket(true, batch);
    expect(packed).toBeGreaterThanOrEqual(1 / 2);
    expect(packed).toBeLessThanOrEqual(1 / 2 + 4 / batch);
  });

  test('are fetched once after each write, by the side that did not write', () => {
    const lines = new RingLines(2);
    lines.driverWrote(0);
    lines.driverReads(0);
    lines.deviceReads(0);
    lines.deviceReads(0);
    lines.deviceReads(1);
    expect([lines.takeByDriver(), lines.takeByDevice()]).toEqual([0, 1]);
    lines.deviceReadsFresh(3);
    expect([lines.takeByDevice(), lines.takeByDevice()]).toEqual([3, 0]);
  });
});
