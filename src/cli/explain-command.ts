/** `vmio explain`: who pays, where requests wait, what would be if something were free, and why one datapath differs from another. */
import os from 'node:os';
import { bounds, littleLaws, stationLaws } from '../experiment/explain/laws.ts';
import { payments } from '../experiment/explain/payers.ts';
import { tailAnatomy } from '../experiment/explain/tail.ts';
import {
  cycleWaterfall,
  meanWaterfall,
  tailWaterfall,
  type Waterfall,
} from '../experiment/explain/waterfall.ts';
import { openPool } from '../experiment/pool/trial-pool.ts';
import type { PointResult } from '../experiment/run-point.ts';
import { summarise, verdictOf } from '../experiment/summarise.ts';
import { answerText, differenceText, explanationText } from '../report/explain/explain-text.ts';
import type { Difference, Explanation } from '../report/explain/explanation.ts';
import { workloadGroups } from '../scenario/copies.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { explain, refuse } from './failure.ts';
import { Interruption } from './interruption.ts';
import { interruptedBeforeAnswer, Journal } from './kept-trials.ts';
import { loadOrExplain } from './load-or-explain.ts';
import { proveWritable, resultsFolder } from './results-folder.ts';
import type { TrialOptions } from './session.ts';
import { simulate } from './simulate.ts';
import { whatIfOf } from './what-if-trials.ts';

export interface ExplainOptions extends TrialOptions {
  readonly sweep: string[];
  /** Those that are explained; all where none is named. */
  readonly datapath: string[];
  readonly against?: string;
  readonly point?: number;
  readonly whatIf: boolean;
  readonly all?: boolean;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** The point that is asked about, on the datapaths that are. @returns null after a mistake was told */
const chosen = (loaded: LoadedScenario, options: ExplainOptions): LoadedScenario | null => {
  const { points } = loaded;
  const point = points[options.point ?? 0];
  if (point === undefined) {
    refuse(`the scenario has points 0 to ${points.length - 1}, not ${options.point}`);
    return null;
  }
  const { datapaths } = point.scenario;
  const wanted = [...options.datapath, ...(options.against === undefined ? [] : [options.against])];
  const absent = wanted.find((name) => !datapaths.includes(name));
  if (absent !== undefined) {
    refuse(`the scenario runs ${datapaths.join(', ')}, not ${absent}`);
    return null;
  }
  const kept = options.datapath.length === 0 ? datapaths : datapaths.filter((name) => wanted.includes(name));
  return { ...loaded, points: [{ ...point, scenario: { ...point.scenario, datapaths: kept } }] };
};

export const explainCommand = async (file: string, options: ExplainOptions): Promise<number> => {
  const whole = loadOrExplain([file], options)?.[0];
  if (whole === undefined) return WRONG_INPUT;
  const loaded = chosen(whole, options);
  if (loaded === null) return WRONG_INPUT;
  const folder = resultsFolder(options.out, loaded.name);
  proveWritable(folder);
  const [{ labels }] = loaded.points;
  const quiet = options.quiet === true || options.json === true;
  if (!quiet && whole.points.length > 1) {
    const at = Object.entries(labels).map(([path, value]) => `${path} ${value}`);
    print(`point ${options.point ?? 0} of ${whole.points.length}: ${at.join(', ')}; --point takes another`);
  }
  const interruption = new Interruption();
  const pool = openPool(options.jobs ?? os.availableParallelism());
  const session = { pool, interruption, quiet };
  const kept = new Journal(`${folder}.explain.trials.jsonl`);
  try {
    const { results, failed } = await simulate(loaded, options, session, {
      kept,
      firstPoint: options.point ?? 0,
    });
    if (interruption.asked) return interruptedBeforeAnswer(kept);
    if (failed !== null) return failed;
    const explanations: Explanation[] = [];
    for (const result of results) {
      const whatIf =
        options.whatIf && isExplained(result, options)
          ? await whatIfOf(result, options.all === true, session, kept)
          : [];
      if (interruption.asked) return interruptedBeforeAnswer(kept);
      const explanation = explained(loaded.name, result, whatIf);
      if (!isExplained(result, options)) continue;
      explanations.push(explanation);
      if (!quiet) print(`${explanationText(explanation)}\n`);
    }
    const differences = differencesOf(results, options);
    if (options.json === true) {
      for (const each of [...explanations, ...differences]) print(JSON.stringify(each));
    } else if (!quiet) {
      for (const difference of differences) print(`${differenceText(difference)}\n`);
      if (options.whatIf) print(answerText(loaded.base.question, explanations));
    }
    kept.remove();
    return FINE;
  } catch (error) {
    return explain(error, '');
  } finally {
    interruption.release();
    await pool.close();
  }
};

const isExplained = ({ datapath }: PointResult, options: ExplainOptions): boolean =>
  options.datapath.length === 0 || options.datapath.includes(datapath);

/** Workloads by name, copies of a VM taken together. */
const workloadsOf = ({ point: { scenario, copies } }: PointResult): string[] =>
  workloadGroups(scenario, copies).map(([name]) => name);

const byWorkload = <T>(result: PointResult, of: (workload: string) => T): Record<string, T> =>
  Object.fromEntries(workloadsOf(result).map((workload) => [workload, of(workload)]));

const explained = (name: string, result: PointResult, whatIf: Explanation['whatIf']): Explanation => ({
  datapath: result.datapath,
  verdicts: byWorkload(result, (workload) => verdictOf(result, { vm: '', workload })),
  payments: payments(result),
  stages: summarise(name, result).stages,
  tails: byWorkload(result, (workload) => tailAnatomy(result, workload)),
  stations: stationLaws(result),
  little: littleLaws(result),
  bounds: bounds(result),
  whatIf,
});

/** Each datapath that is explained against one: that which is named, or the first. */
const differencesOf = (results: readonly PointResult[], options: ExplainOptions): Difference[] => {
  const base = results.find(({ datapath }) => datapath === options.against) ?? results[0];
  return results
    .filter((result) => result !== base && isExplained(result, options))
    .map((result) => {
      const saturated = workloadsOf(result).filter((workload) =>
        [base, result].some((each) => verdictOf(each, { vm: '', workload }).startsWith('saturated')),
      );
      const steady = (of: (workload: string) => Waterfall): Record<string, Waterfall> =>
        Object.fromEntries(
          Object.entries(byWorkload(result, of)).filter(
            ([workload, { bars }]) => !saturated.includes(workload) && bars.length > 0,
          ),
        );
      return {
        datapath: result.datapath,
        against: base.datapath,
        saturated,
        mean: steady((workload) => meanWaterfall(base, result, workload)),
        tail: steady((workload) => tailWaterfall(base, result, workload)),
        cycles: cycleWaterfall(base, result),
      };
    });
};
