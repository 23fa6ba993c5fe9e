/** A price as a profile or a scenario writes it, and as the engine charges it. */
import { z } from 'zod';
import type { Price } from '../accounting/cost.ts';
import { cycles, duration, type Hertz, type Picoseconds, plus, ps } from '../units.ts';
import { share, time } from './text/quantity-schemas.ts';

const nonNegative = z.number().min(0).max(1e12);

export const priceSchema = z
  .strictObject({
    cycles: nonNegative.describe('work, cycles: scales with the clock').optional(),
    ns: nonNegative
      .describe('time, ns: memory-bound or device time, does not scale with the clock')
      .optional(),
    cv: z.number().min(0).max(10).describe('lognormal with this coefficient of variation').optional(),
    sigma: z.number().min(0).max(5).describe('lognormal with the price as median and this sigma').optional(),
    stall: z
      .strictObject({ probability: share(), time: time({ most: '1 s' }) })
      .describe('with this probability per occurrence the price grows by this time')
      .optional(),
    range: z
      .tuple([nonNegative, nonNegative])
      .describe('plausible range, in the unit of the price')
      .optional(),
    kind: z
      .enum(['measured', 'published', 'assumed'])
      .describe('where the figure comes from')
      .default('assumed'),
    source: z.string().min(3).describe('where the figure can be looked up, or why it is assumed').optional(),
  })
  .refine(({ cycles, ns }) => cycles !== undefined || ns !== undefined, 'needs a figure: cycles or ns')
  .refine(({ cv, sigma }) => cv === undefined || sigma === undefined, 'takes cv or sigma, not both')
  .describe('a named price');

export type PriceEntry = z.output<typeof priceSchema>;

/** The price in integer picoseconds on a core clocked at `clock`; rounded once, here. */
export const priced = (entry: PriceEntry, clock: Hertz): Price => {
  const work = duration(cycles(entry.cycles ?? 0), clock);
  const fixed: Picoseconds = plus(work, ps((entry.ns ?? 0) * 1000));
  return {
    fixed,
    ...(entry.cv === undefined ? {} : { variation: entry.cv }),
    ...(entry.sigma === undefined ? {} : { sigma: entry.sigma }),
    ...(entry.stall === undefined
      ? {}
      : { stallProbability: entry.stall.probability, stall: entry.stall.time }),
  };
};

/** A normal variate goes beyond so many standard deviations once in 10^12. */
const SPREAD_MAX = 7;

/** The price without spread, and the most that an occurrence may take for all practical purposes. */
export const extent = (price: Price): { fixed: Picoseconds; most: number } => {
  const { fixed, variation = 0, sigma = 0, stall = 0 } = price;
  const deviation = sigma > 0 ? sigma : Math.sqrt(Math.log(1 + variation * variation));
  return { fixed, most: fixed * Math.exp(SPREAD_MAX * deviation) + stall };
};

/** The unit that the range of a price is in. */
export const rangeUnit = ({ cycles: work = 0, ns = 0 }: PriceEntry): 'cycles' | 'ns' =>
  work > 0 || ns === 0 ? 'cycles' : 'ns';

/** A remark where the price leaves the range that its source finds plausible, or null. */
export const outOfRange = (name: string, entry: PriceEntry): string | null => {
  if (entry.range === undefined) return null;
  const unit = rangeUnit(entry);
  const value = entry[unit] ?? 0;
  const [low, high] = entry.range;
  if (value >= low && value <= high) return null;
  return `costs.${name}: ${value} ${unit} lies outside the plausible range ${low}–${high} ${unit}`;
};
