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
  const [low, high] = await Promise.all([scale.low, scale.high].map((value) => look(value, replications)));
  const kind: Kind = worst(high) >= worst(low) ? 'load' : 'resource';
  const ladder = new Ladder(scale, kind);
  const looks = new Looks(ladder, look);
  const [best, last] = await Promise.all(
    [ladder.easiest, ladder.hardest].map((position) => looks.at(position, replications)),
  );
  const outside = { kind, value: null, low: scale.low, high: scale.high, looks: looks.list };
  if (worst(best) > 1)
    return { ...outside, beyond: 'none', holds: null, fails: ladder.value(ladder.easiest) };
  if (worst(last) <= 1)
    return { ...outside, beyond: 'all', holds: ladder.value(ladder.hardest), fails: null };
  return scale.whole ? searchWhole(looks, ladder, kind, options) : searchNumber(looks, ladder, kind, options);
};
