/** Runs the trials of *what if*: every lever that matters, free, halved and doubled. */

import type { PointResult } from '../experiment/run-point.ts';
import { runPoints } from '../experiment/run-points.ts';
import { deviceLevers } from '../experiment/what-if/device-levers.ts';
import { CORES, costLever, type Lever } from '../experiment/what-if/levers.ts';
import { loadedCosts } from '../experiment/what-if/loaded-costs.ts';
import { compared, FACTORS, variantOf, type WhatIf } from '../experiment/what-if/what-if.ts';
import { plural } from './headline.ts';
import type { KeptTrials } from './kept-trials.ts';
import { showProgress } from './progress.ts';
import type { Session } from './session.ts';

/** Costs that take less of all that is charged are left out, unless all are asked for. */
const SHARE_MIN = 0.01;

const leversOf = (base: PointResult, all: boolean): Lever[] => [
  ...loadedCosts(base, all ? 0 : SHARE_MIN).map(costLever),
  ...deviceLevers(base.point),
  CORES,
];

/** @param all every cost that is charged at all. A trial that fails leaves out its line, and says so. */
export const whatIfOf = async (
  base: PointResult,
  all: boolean,
  { pool, interruption, quiet }: Session,
  kept: KeptTrials,
): Promise<WhatIf[]> => {
  const asked = leversOf(base, all).flatMap((lever) => FACTORS.map((factor) => ({ lever, factor })));
  const runners = asked.map(({ lever, factor }) => variantOf(base, lever, factor));
  const progress = showProgress(quiet, runners.length * base.trials.length);
  const forget = interruption.onEnd(progress.stop);
  try {
    const failures = await runPoints(runners, kept.through(pool.execute), {
      jobs: pool.jobs,
      signal: interruption.signal,
      onDone: () => progress.trialDone(`${base.datapath}, what if`),
    });
    if (interruption.asked) return [];
    const failed = new Set(failures.map(({ index }) => index));
    if (failed.size > 0) {
      const [{ error }] = failures;
      const why = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${plural(failed.size, 'what-if')} of ${base.datapath} left out: ${why}
`);
    }
    return asked.flatMap(({ lever, factor }, i) =>
      failed.has(i) ? [] : [compared(base, runners[i].result(), lever.name, factor)],
    );
  } finally {
    progress.stop();
    forget();
  }
};
