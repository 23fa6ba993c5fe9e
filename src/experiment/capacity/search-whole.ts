/** The search among whole numbers: VMs, cores, queues, connections. */
import type { Capacity, SearchOptions } from './capacity.ts';
import type { Looks } from './looks.ts';
import { decision } from './probe.ts';
import type { Kind, Ladder } from './scale.ts';

/** The whole number nearest to `from`, on the way to `end`, at which it `is` so: first in growing steps, then by halving. `end` counts as such. */
const nearest = async (
  from: number,
  end: number,
  is: (position: number) => Promise<boolean>,
): Promise<number> => {
  const way = Math.sign(end - from);
  if (way === 0 || (await is(from))) return from;
  let not = from;
  let so = end;
  for (let step = 1; Math.abs(end - not) > step; step *= 2) {
    const at = not + way * step;
    if (await is(at)) {
      so = at;
      break;
    }
    not = at;
  }
  while (Math.abs(so - not) > 1) {
    const middle = not + way * Math.floor(Math.abs(so - not) / 2);
    if (await is(middle)) so = middle;
    else not = middle;
  }
  return so;
};

/**
 * Halves down to two neighbours, then asks the values around them with more replications until those that hold and those that fail beyond
 * doubt are found. The interval lies between them.
 */
export const searchWhole = async (
  looks: Looks,
  ladder: Ladder,
  kind: Kind,
  options: SearchOptions,
): Promise<Capacity> => {
  for (;;) {
    const [holds, fails] = looks.bracket;
    if (fails.position - holds.position === 1) break;
    await looks.at(Math.floor((holds.position + fails.position) / 2), options.replications);
  }
  // A value may be asked again each time that its replications are doubled; each may err, so each asks with more confidence (Bonferroni).
  const asked = 1 + Math.ceil(Math.log2(options.maxReplications / options.replications));
  const confidence = 1 - (1 - options.confidence) / asked;
  const decided = async (position: number): Promise<'holds' | 'fails' | 'close'> => {
    for (
      let { replications } = options;
      ;
      replications = Math.min(2 * replications, options.maxReplications)
    ) {
      const answer = decision(await looks.at(position, replications), confidence);
      if (answer !== 'close' || replications >= options.maxReplications) return answer;
    }
  };
  const [start] = looks.bracket;
  const sure = await nearest(start.position, ladder.easiest, async (at) => (await decided(at)) === 'holds');
  const beyond = await nearest(
    start.position + 1,
    ladder.hardest,
    async (at) => (await decided(at)) === 'fails',
  );
  // More replications may have moved it.
  const [holds] = looks.bracket;
  const best = Math.min(Math.max(holds.position, sure), beyond - 1);
  await looks.at(best + 1, options.replications);
  const [low, high] = [sure, beyond - 1].map((at) => ladder.value(at)).sort((a, b) => a - b);
  const value = ladder.value(best);
  return {
    kind,
    value,
    low,
    high,
    beyond: null,
    holds: value,
    fails: ladder.value(best + 1),
    looks: looks.list,
  };
};
