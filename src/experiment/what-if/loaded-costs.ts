/** Which costs matter at a point. */
import { UNPRICED } from '../../accounting/unpriced.ts';
import type { PointResult } from '../run-point.ts';

/** Costs that take at least `share` of all that is charged, the dearest first. */
export const loadedCosts = ({ trials, point }: PointResult, share: number): string[] => {
  const busy = new Map<string, number>();
  for (const { spending } of trials) {
    for (const line of spending) {
      if (UNPRICED.has(line.cost) || line.busy === 0) continue;
      busy.set(line.cost, (busy.get(line.cost) ?? 0) + line.busy);
    }
  }
  const total = [...busy.values()].reduce((sum, time) => sum + time, 0);
  return [...busy]
    .filter(([cost, time]) => time >= share * total && Object.hasOwn(point.profile.costs, cost))
    .sort((a, b) => b[1] - a[1])
    .map(([cost]) => cost);
};
