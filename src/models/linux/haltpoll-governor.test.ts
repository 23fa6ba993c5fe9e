/** The rules of adjust_poll_limit (drivers/cpuidle/governors/haltpoll.c), case by case; times in µs. */
import { describe, expect, test } from 'vitest';
import { HaltpollGovernor, type HaltpollTunables } from './haltpoll-governor.ts';

const US = 1e6;
const LINUX: HaltpollTunables = {
  guest_halt_poll_ns: 200_000,
  guest_halt_poll_grow: 2,
  guest_halt_poll_grow_start: 50_000,
  guest_halt_poll_shrink: 2,
  guest_halt_poll_allow_shrink: true,
};

const limitAfter = (limit: number, halted: number, tunables: Partial<HaltpollTunables> = {}): number => {
  const governor = new HaltpollGovernor({ ...LINUX, ...tunables });
  governor.limit = limit * US;
  governor.adjust(halted * US);
  return governor.limit / US;
};

test('a guest that was just started does not poll', () => {
  expect(new HaltpollGovernor(LINUX).limit).toBe(0);
});

describe('the limit of', () => {
  test.each([
    [0, 0, 0, 'stays at zero where it was not halted at all'],
    [0, 1, 50, 'becomes grow_start after a short halt'],
    [0, 200, 50, 'becomes grow_start after a halt of the maximum'],
    [0, 201, 0, 'stays at zero after a longer one'],
    [50, 50, 50, 'is kept where the halt was no longer'],
    [50, 51, 100, 'is doubled after a longer one'],
    [150, 160, 200, 'grows to the maximum and not beyond'],
    [200, 201, 100, 'is halved after a halt longer than the maximum'],
    [100, 5000, 50, 'is halved to grow_start'],
    [99, 5000, 0, 'is halved to less than grow_start, hence to zero'],
  ])('%i us, after a halt of %i us, becomes %i us: it %s', (limit, halted, next) => {
    expect(limitAfter(limit, halted)).toBe(next);
  });

  test('a guest that may not shrink it stays', () => {
    expect(limitAfter(200, 5000, { guest_halt_poll_allow_shrink: false })).toBe(200);
  });

  test('a guest with shrink 0 is reset', () => {
    expect(limitAfter(200, 5000, { guest_halt_poll_shrink: 0 })).toBe(0);
  });
});
