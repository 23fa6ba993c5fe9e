/** The machines that a profile's ranges leave possible. */
import { streams } from '../../kernel/random.ts';
import { type PriceEntry, rangeUnit } from '../../scenario/price.ts';
import type { Profile } from '../../scenario/profile.ts';
import { between } from '../../scenario/sweep/axis.ts';
import { strata } from '../../scenario/sweep/sample.ts';

/** A cost that is known as a range. */
export interface UncertainCost {
  readonly cost: string;
  /** Both in `unit`. */
  readonly low: number;
  readonly high: number;
  readonly unit: 'cycles' | 'ns';
  /** Every figure of the range is as plausible as another, or every factor. */
  readonly scale: 'linear' | 'log';
  readonly kind: PriceEntry['kind'];
  readonly source: string;
}

/** A range that goes this many times as far is a guess of the order of magnitude: on a linear scale half of it would be near its top. */
const WIDE = 10;

/** Those of the costs that are charged which have a range, in the order of the profile. */
export const uncertainCosts = ({ costs }: Profile, charged: ReadonlySet<string>): UncertainCost[] =>
  Object.entries(costs).flatMap(([cost, entry]) => {
    const { range, kind, source = '' } = entry;
    if (range === undefined || !charged.has(cost)) return [];
    const [low, high] = range;
    if (!(high > low)) return [];
    const scale = low > 0 && high / low > WIDE ? 'log' : 'linear';
    return [{ cost, low, high, unit: rangeUnit(entry), scale, kind, source }];
  });

/** What lies at a share, 0 to 1, of the range. */
export const figureAt = ({ low, high, scale }: UncertainCost, share: number): number =>
  between({ from: low, to: high, scale, dimension: null }, share);

/**
 * A Latin hypercube (McKay, Beckman and Conover 1979, Technometrics 21): of each cost one figure from each of `size` equal parts of its range,
 * independent of those of others. Sobol's sequence here ends at 16 dimensions.
 * @returns shares of the ranges, by machine and cost
 */
export const plausibleMachines = (
  uncertain: readonly UncertainCost[],
  size: number,
  seed: number,
): number[][] => {
  const random = streams(seed, 0);
  const columns = uncertain.map(({ cost }) => strata(size, random.stream(`machine ${cost}`)));
  return Array.from({ length: size }, (_, machine) => columns.map((column) => column[machine]));
};
