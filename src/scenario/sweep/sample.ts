/** A random design over several parameters: a stated number of points that fill the space of all of them. */
import { z } from 'zod';
import { type RandomStream, streams } from '../../kernel/random.ts';
import {
  between,
  type Ends,
  endsOf,
  listSchema,
  POINTS_MAX,
  rangeSchema,
  type Setting,
  written,
} from './axis.ts';
import { sobol } from './sobol.ts';

export const sampleSchema = z
  .strictObject({
    design: z
      .enum(['latin-hypercube', 'sobol'])
      .describe(
        'latin-hypercube: each parameter once in each of `size` equal parts of its range; sobol: a quasi-random sequence, shifted',
      ),
    size: z.int().min(1).max(POINTS_MAX).describe('points'),
    seed: z.int().min(0).max(1e9).default(1),
    over: z
      .record(z.string(), z.union([listSchema, rangeSchema]))
      .refine((over) => Object.keys(over).length > 0, 'needs at least one parameter')
      .describe('path: its range, or the values that are drawn from'),
  })
  .describe('points drawn at random, beside the grid of `sweep`');

export type Sample = z.output<typeof sampleSchema>;
type Source = Sample['over'][string];

/** Digits that a drawn value is written with. */
const DIGITS = 4;

/** Whole numbers stay whole: a depth of the queue, a number of jobs, bytes. */
const quantityAt = (ends: Ends, share: number): string | number => {
  const { from, to, dimension } = ends;
  const whole =
    dimension === null ? Number.isInteger(from) && Number.isInteger(to) : dimension.split !== undefined;
  // Each whole number has the same share of the range.
  const exact =
    whole && dimension === null && ends.scale === 'linear'
      ? Math.floor(Math.min(from, to) + share * (Math.abs(to - from) + 1))
      : between(ends, share);
  const short = Number(exact.toPrecision(DIGITS));
  const inside = Math.min(Math.max(short, Math.min(from, to)), Math.max(from, to));
  return written(whole ? Math.round(inside) : inside, dimension);
};

/** @param share in [0, 1). */
const drawn = (source: Source, share: number): string | number | boolean =>
  Array.isArray(source) ? source[Math.floor(share * source.length)] : quantityAt(endsOf(source), share);

/** In each of `size` equal parts one share, the parts in random order. */
export const strata = (size: number, random: RandomStream): number[] => {
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const other = random.integer(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order.map((part) => (part + random.uniform()) / size);
};

/** The points, what each sets. @throws RangeError on a range that is none. */
export const pointsOf = ({ design, size, seed, over }: Sample): Setting[][] => {
  const random = streams(seed, 0);
  const axes = Object.entries(over);
  const quasi = design === 'sobol' ? sobol(axes.length, size) : null;
  const shares = axes.map(([path], d) => {
    const stream = random.stream(`sample ${path}`);
    if (quasi === null) return strata(size, stream);
    // A random shift (Cranley and Patterson, 1976), so that another seed gives another design.
    const shift = stream.uniform();
    return quasi.map((point) => (point[d] + shift) % 1);
  });
  return Array.from({ length: size }, (_, i) =>
    axes.map(([path, source], d) => ({ path, value: drawn(source, shares[d][i]) })),
  );
};
