/** The search among whole numbers: VMs, cores, queues, connections. */
import type { Capacity, SearchOptions } from './capacity.ts';
import type { Looks } from './looks.ts';
import { decision } from './probe.ts';
import type { Kind, Ladder } from './scale.ts';

/** Times that the replications of a value may be raised and asked again; each may err, so each asks with more confidence. */
const ASKED = 4;

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
  const confidence = 1 - (1 - options.confidence) / ASKED;
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
  let sure = start.position;
  while (sure > ladder.easiest && (await decided(sure)) !== 'holds') sure--;
  let beyond = start.position + 1;
  while (beyond < ladder.hardest && (await decided(beyond)) !== 'fails') beyond++;
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
