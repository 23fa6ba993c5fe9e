/** The rules of kvm_vcpu_halt (virt/kvm/kvm_main.c), case by case; times in µs. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HaltPoll, type HaltPollTunables } from './halt-poll.ts';

const US = 1e6;
const KVM: HaltPollTunables = {
  halt_poll_ns: 200_000,
  halt_poll_ns_grow: 2,
  halt_poll_ns_grow_start: 10_000,
  halt_poll_ns_shrink: 2,
};

const pollWith = (window: number, tunables: Partial<HaltPollTunables> = {}): HaltPoll => {
  const poll = new HaltPoll({ ...KVM, ...tunables });
  poll.window = window * US;
  return poll;
};

test('a VM that was just started does not poll', () => {
  const poll = new HaltPoll(KVM);
  expect([poll.enabled, poll.window]).toEqual([true, 0]);
});

test('halt_poll_ns = 0 switches polling off', () => {
  expect(new HaltPoll({ ...KVM, halt_poll_ns: 0 }).enabled).toBe(false);
});

describe('the window of', () => {
  test.each([
    // window, halted, next, why
    [0, 0, 0, 'a vCPU that never polled stays at zero when it was not halted at all'],
    [0, 1, 10, 'a vCPU that never polled becomes grow_start after a short halt'],
    [0, 199, 10, 'a vCPU that never polled becomes grow_start after a halt just below the maximum'],
    [0, 200, 0, 'a vCPU that never polled stays at zero after a halt of the maximum'],
    [0, 5000, 0, 'a vCPU that never polled stays at zero after a long halt'],
    [40, 0, 40, '40 us is kept when work was pending'],
    [40, 40, 40, '40 us is kept when the wake-up came within it'],
    [40, 41, 80, '40 us is doubled when the wake-up came just too late'],
    [40, 199, 80, '40 us is doubled after a halt just below the maximum'],
    [40, 200, 40, '40 us is kept after a halt of exactly the maximum'],
    [40, 201, 20, '40 us is halved after a halt longer than the maximum'],
    [150, 160, 200, '150 us grows to the maximum and not beyond'],
    [200, 200, 200, 'the maximum is kept when polling succeeded in it'],
    [200, 201, 100, 'the maximum is halved after a longer halt'],
    [20, 1000, 10, '20 us is halved to grow_start'],
    [19, 1000, 0, '19 us is halved to less than grow_start, hence to zero'],
    [10, 1000, 0, '10 us is halved to less than grow_start, hence to zero'],
    [6, 7, 12, '6 us is doubled to 12 us'],
    [4, 7, 10, '4 us is doubled and then raised to grow_start'],
  ])('%i us becomes, after %i us halted, %i us: %s', (window, halted, next) => {
    const poll = pollWith(window);
    poll.adapt(halted * US);
    expect(poll.window).toBe(next * US);
  });

  test('a vCPU is not changed by one picosecond less than too late, and is by one more', () => {
    const [kept, grown, shrunk] = [pollWith(40), pollWith(40), pollWith(40)];
    kept.adapt(40 * US);
    grown.adapt(40 * US + 1);
    shrunk.adapt(200 * US + 1);
    expect([kept.window, grown.window, shrunk.window]).toEqual([40 * US, 80 * US, 20 * US]);
  });

  test('an invalid wake-up shrinks, however short it was', () => {
    const poll = pollWith(80);
    poll.adapt(1 * US, false);
    expect(poll.window).toBe(40 * US);
  });
});

describe('a tunable', () => {
  test('shrink 0 (Linux up to 6.11) resets the window', () => {
    const poll = pollWith(160, { halt_poll_ns_shrink: 0 });
    poll.adapt(201 * US);
    expect(poll.window).toBe(0);
  });

  test('shrink 1 keeps the window', () => {
    const poll = pollWith(160, { halt_poll_ns_shrink: 1 });
    poll.adapt(201 * US);
    expect(poll.window).toBe(160 * US);
  });

  test('grow 0 forbids growing', () => {
    const poll = pollWith(0, { halt_poll_ns_grow: 0 });
    poll.adapt(50 * US);
    expect(poll.window).toBe(0);
  });

  test('grow 3 triples', () => {
    const poll = pollWith(20, { halt_poll_ns_grow: 3 });
    poll.adapt(50 * US);
    expect(poll.window).toBe(60 * US);
  });

  test('grow_start beyond the maximum is cut to the maximum', () => {
    const poll = pollWith(0, { halt_poll_ns_grow_start: 500_000 });
    poll.adapt(50 * US);
    expect(poll.window).toBe(200 * US);
  });
});

test('steady short halts make the window grow 0, 10, 20, 40, 80 us until it covers them', () => {
  const poll = new HaltPoll(KVM);
  const windows = Array.from({ length: 7 }, () => {
    poll.adapt(70 * US);
    return poll.window / US;
  });
  expect(windows).toEqual([10, 20, 40, 80, 80, 80, 80]);
});

test('whatever the halts, the window is zero or between grow_start and the maximum', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 400 * US })), (halts) => {
      const poll = new HaltPoll(KVM);
      for (const halted of halts) {
        poll.adapt(halted);
        expect(poll.window === 0 || (poll.window >= 10 * US && poll.window <= 200 * US)).toBe(true);
      }
    }),
  );
});
