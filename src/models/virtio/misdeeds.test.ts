/** Each misdeed of a hostile driver is found by the check that is there for it, on every backend, in both layouts. */
import { describe, expect, test } from 'vitest';
import { type Backend, backendRules } from './backend-rules.ts';
import { BROKEN } from './device-queue.ts';
import type { Fault } from './fault.ts';
import { GuestMemory } from './guest-memory.ts';
import { isSplitOnly, MISDEEDS, type Misdeed } from './misdeeds.ts';
import { virtqueue } from './virtqueue.ts';

const FOUND: Readonly<Record<Misdeed, Fault>> = {
  'avail index jump': 'avail index moved by more than the ring size',
  'head out of range': 'head out of range',
  'next out of range': 'next out of range',
  'looped chain': 'looped chain',
  'address outside memory': 'address outside guest memory',
  'address that wraps around': 'address outside guest memory',
  'length beyond memory': 'address outside guest memory',
  'zero length': 'zero length',
  'readable after writable': 'readable piece after a writable one',
  'nested indirect table': 'nested indirect table',
  'bad indirect length': 'bad indirect table length',
  'indirect table outside memory': 'indirect table outside guest memory',
};

/** What a backend takes no offence at. */
const harmless = (misdeed: Misdeed, backend: Backend): boolean =>
  (misdeed === 'zero length' && (backend === 'vhost' || backend === 'dpdk')) ||
  (misdeed === 'readable after writable' && backend === 'dpdk');

const layouts = [
  ['split', 'qemu'],
  ['split', 'vhost'],
  ['split', 'dpdk'],
  ['split', 'hardware'],
  ['packed', 'qemu'],
  ['packed', 'dpdk'],
  ['packed', 'hardware'],
] as const;

describe.each(layouts)('on a %s ring before %s', (layout, backend) => {
  const packed = layout === 'packed';
  const open = () => {
    const queue = virtqueue({ packed, eventIdx: true, inOrder: false }, 256);
    const driver = queue.driver({ indirect: true, rearmsWhileReaping: false });
    const device = queue.device(new GuestMemory(1024), backendRules[backend]);
    return { queue, driver, device };
  };

  test.each(MISDEEDS.filter((misdeed) => !(packed && isSplitOnly(misdeed))))('%s', (misdeed) => {
    const { queue, driver, device } = open();
    driver.addOne(65_536, 64, false, 1);
    device.push(device.pop(), 0);
    device.flush();
    driver.reap();
    expect(queue.misbehave(misdeed)).toBe(true);
    const popped = device.pop();
    const fault = harmless(misdeed, backend) ? null : FOUND[misdeed];
    expect([popped === BROKEN, device.fault]).toEqual([fault !== null, fault]);
    // The driver goes on behind it, and does not mend it; but a loop fills a packed ring, and the next buffer cuts it.
    if (packed && misdeed === 'looped chain') return;
    driver.addOne(65_536, 64, false, 2);
    if (fault !== null) expect(device.pop()).toBe(BROKEN);
  });

  test.skipIf(!packed)('has no place for a misdeed of indices', () => {
    for (const misdeed of MISDEEDS.filter(isSplitOnly)) expect(open().queue.misbehave(misdeed)).toBe(false);
  });

  test('a chain that goes round is read once before it is found', () => {
    const { queue, device } = open();
    queue.misbehave('looped chain');
    device.pop();
    expect(device.takeDescriptors()).toBe(256);
  });
});
