/**
 * Finds where objectives stop being held, spending replications where the decision is close. It is taken for granted that things get worse in
 * one direction only; figures that say otherwise are taken for noise.
 */
import type { Capacity, Look, SearchOptions } from './capacity.ts';
import { Looks } from './looks.ts';
import { worst } from './probe.ts';
import { type Kind, Ladder, type Scale } from './scale.ts';
import { searchNumber } from './search-number.ts';
import { searchWhole } from './search-whole.ts';

/** @throws RangeError where the scale is empty, or not positive. */
export const findCapacity = async (scale: Scale, look: Look, options: SearchOptions): Promise<Capacity> => {
  const { replications } = options;
  const ends = [scale.low, scale.high] as const;
  const [low, high] = (await Promise.all(ends.map((value) => look(value, replications)))).map((probe) =>
    worst(probe),
  );
  if (low <= 1 === high <= 1) {
    const looks = ends.map((value) => ({ value, replications }));
    const outside = { kind: null, value: null, low: scale.low, high: scale.high, looks };
    return low <= 1
      ? { ...outside, beyond: 'all', holds: low > high ? scale.low : scale.high, fails: null }
      : { ...outside, beyond: 'none', holds: null, fails: low < high ? scale.low : scale.high };
  }
  const kind: Kind = low <= 1 ? 'load' : 'resource';
  const ladder = new Ladder(scale, kind);
  const looks = new Looks(ladder, look);
  await Promise.all([ladder.easiest, ladder.hardest].map((position) => looks.at(position, replications)));
  return scale.whole ? searchWhole(looks, ladder, kind, options) : searchNumber(looks, ladder, kind, options);
};
