/** Who pays for a request: cycles of the whole machine, by payer and by cost. */
import { BACKGROUND_WORK } from '../../accounting/unpriced.ts';
import { type Picoseconds, workIn } from '../../units.ts';
import { payerOf } from '../measure-machine.ts';
import type { PointResult } from '../run-point.ts';
import { type Interval, interval } from '../statistics/interval.ts';

export interface Payment {
  /** As in costs.csv: `guest`, `vhost`, `qemu main`. */
  readonly payer: string;
  readonly cost: string;
  /** Cycles per request of all workloads together. */
  readonly cycles: Interval;
  /** By replication. */
  readonly values: readonly number[];
}

/** By payer and cost, the dearest first. */
export const payments = ({ point, trials }: PointResult): Payment[] => {
  const vms = Object.keys(point.scenario.vms);
  const found = new Map<string, { payer: string; cost: string; values: number[] }>();
  trials.forEach(({ spending, completed }, trial) => {
    const requests = [...completed.values()].reduce((sum, count) => sum + count, 0);
    if (requests === 0) return;
    for (const line of spending) {
      if (line.cost === BACKGROUND_WORK) continue;
      const payer = payerOf(line, vms);
      const key = `${payer}\u0000${line.cost}`;
      const entry = found.get(key) ?? { payer, cost: line.cost, values: trials.map(() => 0) };
      entry.values[trial] += workIn((line.busy / requests) as Picoseconds, point.machine.clock);
      found.set(key, entry);
    }
  });
  return [...found.values()]
    .map((entry) => ({ ...entry, cycles: interval(entry.values) }))
    .filter(({ cycles }) => cycles.mean > 0)
    .sort((a, b) => b.cycles.mean - a.cycles.mean);
};
