/** A first-come-first-served M/M/1 queue by Lindley's recursion, measured as a trial is. */
import { perSecond, ps } from '../../units.ts';
import { exponentials } from './lcg.test-support.ts';
import type { Outcome } from './outcome.ts';

const SERVICE = 1e6; // mean, ps

/** One replication of `services` mean service times, after a warm-up of `warmUp` of them from empty. */
export function mm1Outcome(of: { seed: number; load: number; services: number; warmUp: number }): Outcome {
  const exponential = exponentials(of.seed);
  const start = of.warmUp * SERVICE;
  const half = (of.services * SERVICE) / 2;
  const halves = [start, start + half].map((from) => ({
    from,
    to: from + half,
    present: 0,
    latency: 0,
    completed: 0,
  }));
  let [arrival, departure] = [0, 0];
  while (arrival < start + 2 * half) {
    arrival += exponential(SERVICE / of.load);
    departure = Math.max(arrival, departure) + exponential(SERVICE);
    for (const part of halves) {
      part.present += Math.max(0, Math.min(departure, part.to) - Math.max(arrival, part.from));
      if (departure < part.from || departure >= part.to) continue;
      part.completed++;
      part.latency += departure - arrival;
    }
  }
  const [first, second] = halves as [(typeof halves)[0], (typeof halves)[0]];
  const samples = first.completed + second.completed;
  return {
    window: ps(2 * half),
    offered: perSecond((of.load / SERVICE) * 1e12),
    carried: perSecond((samples / (2 * half)) * 1e12),
    lagAtEnd: ps(0),
    backlog: [first.present / half, second.present / half],
    latency: [first.latency / first.completed, second.latency / second.completed],
    samples,
    stalled: 0,
  };
}
