/** Interrupt moderation: exact instants, and nothing lost between a poll and its unmask. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../units.ts';
import { type Completion, ModeratedVector, type Moderation } from './moderation.ts';

const at = (time: number): Picoseconds => us(time);

/** A vector whose interrupts are polled `poll` us later: NAPI takes what is there and unmasks. */
class Poller {
  readonly sim = new Simulation();
  readonly raised: number[] = [];
  /** Completions in memory that nobody has taken yet. */
  readonly waiting: { time: number; completion: Completion }[] = [];
  /** How long each completion waited until it was taken, us, with the instant. */
  readonly taken: { since: number; at: number; completion: Completion }[] = [];
  readonly vector: ModeratedVector;
  private readonly poll: number;

  constructor(moderation: Moderation, poll: number) {
    this.poll = poll;
    const take = this.sim.handler(() => {
      for (const { time, completion } of this.waiting.splice(0)) {
        this.taken.push({ since: time, at: this.now, completion });
      }
    });
    const unmask = this.sim.handler(() => {
      const left = (kind: Completion) => this.waiting.some(({ completion }) => completion === kind);
      this.vector.unmask(left('rx'), left('tx'));
    });
    this.vector = new ModeratedVector(this.sim, 'vector', moderation, () => {
      this.raised.push(this.now);
      if (this.poll < 0) return;
      // The poll takes its packets half-way and unmasks at its end: what comes between must not be lost.
      this.sim.after(at(this.poll / 2), take);
      this.sim.after(at(this.poll), unmask);
    });
  }

  private get now(): number {
    return this.sim.now / 1e6;
  }

  complete(times: readonly number[], completion: Completion = 'rx'): this {
    const done = this.sim.handler(() => {
      this.waiting.push({ time: this.now, completion });
      this.vector.request(completion);
    });
    for (const time of times) this.sim.at(at(time), done);
    return this;
  }

  run(until = 1000): this {
    this.sim.run(at(until));
    return this;
  }
}

const moderation = (kind: Moderation['kind'], gap: number, txGap = gap): Moderation => ({
  kind,
  gap: us(gap),
  txGap: us(txGap),
});

describe('without moderation', () => {
  test('each completion that finds the vector unmasked interrupts at once', () => {
    const { raised } = new Poller(moderation('off', 0), 1).complete([5, 10, 15]).run();
    expect(raised).toEqual([5, 10, 15]);
  });

  test('completions during a poll interrupt when it unmasks, unless the poll has taken them', () => {
    const { raised } = new Poller(moderation('off', 0), 2).complete([5, 5.5, 20, 21.5]).run();
    // 5.5 is taken by the poll at 6; 21.5 comes after the poll took its packets at 21, before the unmask at 22.
    expect(raised).toEqual([5, 20, 22]);
  });
});

describe('throttled', () => {
  test('the first after a pause comes at once, the next a gap later at the earliest', () => {
    const { raised } = new Poller(moderation('throttle', 50), 1).complete([10, 12, 13, 40, 200]).run();
    expect(raised).toEqual([10, 60, 200]);
  });

  test('a completion exactly a gap later comes at once', () => {
    const { raised } = new Poller(moderation('throttle', 50), 1).complete([10, 60]).run();
    expect(raised).toEqual([10, 60]);
  });

  test('a steady stream gives one interrupt per gap', () => {
    const times = Array.from({ length: 500 }, (_, i) => i + 0.25);
    const { raised } = new Poller(moderation('throttle', 50), 1).complete(times).run();
    expect(raised).toEqual(Array.from({ length: 10 }, (_, i) => 0.25 + 50 * i).concat(500.25));
  });

  test('completions of either direction keep their own gap, and the earlier expiry counts', () => {
    const poller = new Poller(moderation('throttle', 2, 126), 1);
    poller.complete([10], 'rx').complete([11.5, 12.5], 'tx').complete([100], 'rx');
    // The transmit completions wait until 10 + 126; the received frame at 100 is due at once and takes them along.
    expect(poller.run().raised).toEqual([10, 100]);
  });

  test('a transmit completion alone waits for its own gap', () => {
    const poller = new Poller(moderation('throttle', 2, 126), 1).complete([10], 'rx').complete([12.5], 'tx');
    expect(poller.run().raised).toEqual([10, 136]);
  });
});

describe('held off', () => {
  test('the interrupt comes a gap after the first completion, and later ones do not move it', () => {
    const { raised } = new Poller(moderation('hold-off', 50), 1).complete([10, 12, 59, 61.2, 300]).run();
    // 61.2 comes after the unmask at 61 and starts a gap of its own.
    expect(raised).toEqual([60, 111.2, 350]);
  });

  test('a stream gives one interrupt per gap and poll', () => {
    const times = Array.from({ length: 400 }, (_, i) => i);
    const { raised } = new Poller(moderation('hold-off', 50), 0.5).complete(times).run();
    // Raised at 50, taken to 50.25, unmasked at 50.5; the next completion at 51 starts the next gap.
    expect(raised.slice(0, 4)).toEqual([50, 101, 152, 203]);
  });
});

describe('masked', () => {
  test.each(['off', 'throttle', 'hold-off'] as const)(
    '%s: one interrupt, and no other until NAPI unmasks',
    (kind) => {
      const poller = new Poller(moderation(kind, 5), -1).complete([10, 20, 30, 40]).run();
      expect(poller.raised).toEqual([kind === 'hold-off' ? 15 : 10]);
      poller.vector.unmask(true, false);
      poller.run(2000);
      expect(poller.raised).toHaveLength(2);
    },
  );

  test('an unmask with nothing left raises nothing', () => {
    const poller = new Poller(moderation('off', 0), -1).complete([10, 20]).run();
    poller.vector.unmask(false, false);
    expect(poller.run(2000).raised).toEqual([10]);
  });
});

describe('whatever the moderation, the completions and the length of polls', () => {
  const scenario = fc.record({
    kind: fc.constantFrom('off' as const, 'throttle' as const, 'hold-off' as const),
    gap: fc.integer({ min: 0, max: 60 }),
    txGap: fc.integer({ min: 0, max: 200 }),
    poll: fc.integer({ min: 1, max: 40 }),
    rx: fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 60 }),
    tx: fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 60 }),
  });

  test('nothing is lost, no gap is undercut, and nothing waits longer than a gap and two polls', () => {
    fc.assert(
      fc.property(scenario, ({ kind, gap, txGap, poll, rx, tx }) => {
        const poller = new Poller(moderation(kind, gap, txGap), poll).complete(rx, 'rx').complete(tx, 'tx');
        const { raised, taken, waiting } = poller.run(2000);
        expect(waiting).toEqual([]);
        expect(taken).toHaveLength(rx.length + tx.length);
        for (const { since, at: when, completion } of taken) {
          const wait = kind === 'off' ? 0 : completion === 'rx' ? gap : txGap;
          expect(when - since).toBeLessThanOrEqual(wait + 2 * poll);
        }
        const least = kind === 'throttle' ? Math.min(gap, txGap) : 0;
        for (let i = 1; i < raised.length; i++) {
          expect(raised[i] - raised[i - 1]).toBeGreaterThanOrEqual(Math.max(least, poll));
        }
      }),
      { numRuns: 300 },
    );
  });
});
