/** `vmio replay`: one trial alone, as an error message names it. */
import { companyPoints } from '../experiment/neighbours/company.ts';
import { runPilot, runTrial } from '../experiment/run-trial.ts';
import { foundWarmUp, givenWarmUp } from '../experiment/warm-up.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';
import { explain } from './failure.ts';
import { loadOrExplain } from './load-or-explain.ts';

export interface ReplayOptions {
  readonly set: string[];
  readonly sweep: string[];
  readonly seed?: number;
  readonly datapath: string;
  readonly replication: number;
  readonly point: number;
  /** Points are those of `vmio neighbours`. */
  readonly neighbours?: boolean;
}

export const replayCommand = (file: string, options: ReplayOptions): number => {
  const loaded = loadOrExplain([file], options);
  if (loaded === null) return WRONG_INPUT;
  const written = loaded[0].points;
  const points =
    options.neighbours === true
      ? written.flatMap((each) => companyPoints(each).map(({ point: company }) => company))
      : written;
  const point = points[options.point];
  if (point === undefined) {
    process.stderr.write(`vmio: the scenario has points 0 to ${points.length - 1}, not ${options.point}\n`);
    return WRONG_INPUT;
  }
  if (!point.scenario.datapaths.includes(options.datapath)) {
    process.stderr.write(
      `vmio: the scenario runs ${point.scenario.datapaths.join(', ')}, not ${options.datapath}\n`,
    );
    return WRONG_INPUT;
  }
  const run = { datapath: options.datapath, seed: point.scenario.run.seed, replication: options.replication };
  try {
    if (options.replication === 0) {
      runPilot(point, run);
      process.stdout.write('the pilot ran to its end; its books close\n');
      return FINE;
    }
    const { length } = givenWarmUp(point) ?? foundWarmUp(point, options.datapath);
    const { events, measured } = runTrial(point, run, length);
    for (const row of measured) process.stdout.write(`${JSON.stringify(row)}\n`);
    process.stderr.write(`${events} events; the books close\n`);
    return FINE;
  } catch (error) {
    return explain(error, '');
  }
};
