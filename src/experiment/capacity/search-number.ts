/** The search among numbers that need not be whole: a rate, a size, a time. */
import type { Capacity, SearchOptions } from './capacity.ts';
import { crossing } from './crossing.ts';
import type { Looks } from './looks.ts';
import { replicationsOf } from './probe.ts';
import type { Kind, Ladder } from './scale.ts';

/** Looks closer to each other than this share of the interval's half width would tell nothing more. */
const FINE = 0.25;
/** Nor would looks closer than this share of the wanted precision. */
const FINEST = 0.125;
/** Looks within so many half widths of the crossing are taken with all replications. */
const NEAR = 3;
/** Values looked at; a search that needs more goes round in circles. */
const LOOKS_MAX = 80;

/** Halves the bracket until it is as fine as the replications allow, then adds replications until the interval is. */
export const searchNumber = async (
  looks: Looks,
  ladder: Ladder,
  kind: Kind,
  options: SearchOptions,
): Promise<Capacity> => {
  const { precision, maxReplications, confidence } = options;
  let { replications } = options;
  for (;;) {
    const [holds, fails] = looks.bracket;
    const found = crossing(looks.seen, replications, confidence);
    const gap = fails.position - holds.position;
    const fine = Math.max(FINE * found.halfWidth, FINEST * precision);
    if (gap > fine && looks.seen.length < LOOKS_MAX) {
      await looks.at((holds.position + fails.position) / 2, replications);
      continue;
    }
    const reach = NEAR * Math.max(found.halfWidth, fine);
    const few = looks.seen.filter(
      (each) =>
        replicationsOf(each.probe) < replications &&
        (Math.abs(each.position - found.mean) <= reach || each === holds || each === fails),
    );
    if (few.length > 0) {
      await Promise.all(few.map(({ position }) => looks.at(position, replications)));
      continue;
    }
    // Without spread nothing is known of the error, nor where a verdict of saturation, which is a figure's too, decides alone.
    const unsure = found.halfWidth === 0 || fails.probe.saturated !== null;
    if ((found.halfWidth > precision || unsure) && replications < maxReplications) {
      const excess = found.halfWidth / precision;
      const wanted = unsure
        ? 2 * replications
        : Math.min(2 * replications, Math.ceil(replications * excess * excess));
      replications = Math.min(maxReplications, Math.max(replications + 1, wanted));
      continue;
    }
    // What lies between two neighbours was never looked at.
    const ends = [Math.min(found.low, holds.position), Math.max(found.high, fails.position)];
    const [low, high] = ends.map((at) => ladder.value(at)).sort((a, b) => a - b);
    const value = Math.min(Math.max(ladder.value(found.mean), low), high);
    const neighbours = { holds: ladder.value(holds.position), fails: ladder.value(fails.position) };
    return { kind, value, low, high, beyond: null, ...neighbours, looks: looks.list };
  }
};
