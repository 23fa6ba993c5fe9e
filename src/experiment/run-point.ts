/** One point on one datapath: a pilot fixes the warm-up, then replications until there are enough; and the verdict. */
import type { ScenarioPoint } from '../scenario/load.ts';
import { type Picoseconds, us } from '../units.ts';
import { runPilot, runTrial, type TrialResult } from './run-trial.ts';
import { mser5 } from './statistics/mser5.ts';
import { precision } from './statistics/precision.ts';
import { type Verdict, verdict } from './statistics/verdict.ts';

export interface WarmUp {
  readonly length: Picoseconds;
  /** `given` by the scenario, or found on the pilot. */
  readonly how: 'given' | 'mser-5';
  /** MSER-5 put the end of the warm-up into the second half of the pilot. */
  readonly tooLate: boolean;
}

export interface PointResult {
  readonly point: ScenarioPoint;
  readonly datapath: string;
  readonly warmUp: WarmUp;
  readonly trials: readonly TrialResult[];
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** What was most loaded, to name what saturates. */
  readonly bottleneck: string;
  /** The precision asked for was not reached. */
  readonly gaveUp: boolean;
}

/** The shortest warm-up: threads start and halt-polling windows settle. */
const WARM_UP_MIN = us(1000);

/** Halves of a pilot that agree as closely as this show no warm-up worth cutting. */
const LEVEL = 0.02;

/** The means of the two halves agree, the first tenth left out. */
const level = (means: readonly number[]): boolean => {
  const rest = means.slice(Math.floor(means.length / 10));
  const middle = Math.floor(rest.length / 2);
  if (middle === 0) return false;
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  const first = mean(rest.slice(0, middle));
  const second = mean(rest.slice(middle));
  return Math.abs(first - second) <= LEVEL * Math.max(first, second);
};

export const warmUpOf = (point: ScenarioPoint, datapath: string): WarmUp => {
  const { run } = point.scenario;
  if (run.warmUp !== 'auto') return { length: run.warmUp, how: 'given', tooLate: false };
  const pilot = runPilot(point, { datapath, seed: run.seed, replication: 0 });
  // Where MSER-5 finds nothing to cut, a tenth of the window still is: threads start, polling windows settle.
  let length = Math.max(WARM_UP_MIN, Math.floor(run.measure / 10)) as Picoseconds;
  let tooLate = false;
  for (const series of pilot.values()) {
    if (series.means.length === 0) continue;
    const found = mser5(series.means);
    // On a nearly constant series one odd batch late in the run can attract the minimum; no trend, no warm-up.
    if (found.tooLate && level(series.means)) continue;
    tooLate ||= found.tooLate;
    const start = Math.ceil(series.startTime(found.index));
    length = Math.max(length, Math.min(start, Math.floor(run.measure / 2))) as Picoseconds;
  }
  return { length, how: 'mser-5', tooLate };
};

/** The metrics whose precision decides how many replications are enough. */
const DECIDING = new Set(['latency p50', 'throughput.requests rate']);

const decided = (trials: readonly TrialResult[], point: ScenarioPoint) => {
  const { run } = point.scenario;
  const { precision: target, replications: minimum, maxReplications: maximum } = run;
  if (target === undefined) {
    return { more: trials.length < minimum, next: minimum, gaveUp: false };
  }
  let next = minimum;
  let more = trials.length < minimum;
  let gaveUp = false;
  if (more) return { more, next, gaveUp };
  const series = new Map<string, number[]>();
  for (const { measured } of trials) {
    for (const row of measured) {
      if (!DECIDING.has(`${row.metric} ${row.statistic}`) || row.component !== '') continue;
      const key = `${row.workload} ${row.metric}`;
      series.set(key, [...(series.get(key) ?? []), row.value]);
    }
  }
  for (const values of series.values()) {
    const answer = precision(values, { target, minimum, maximum: Math.max(maximum, minimum) });
    if (answer.decision === 'more') {
      more = true;
      next = Math.max(next, answer.next);
    }
    if (answer.decision === 'gaveUp') gaveUp = true;
  }
  // A figure that some trials do not have would ask for trials beyond the greatest number.
  const most = Math.max(maximum, minimum);
  if (more && trials.length >= most) return { more: false, next: most, gaveUp: true };
  return { more, next: Math.min(next, most), gaveUp };
};

/** Runs one point on one datapath trial by trial, so that progress is shown and ^C is heard in between. */
export class PointRunner {
  private readonly point: ScenarioPoint;
  private readonly datapath: string;
  private readonly trials: TrialResult[] = [];
  private warmUp: WarmUp | null = null;
  private goal: { more: boolean; next: number; gaveUp: boolean };
  /** The trial that runs or ran last; 0 is the pilot. */
  replication = 0;

  constructor(point: ScenarioPoint, datapath: string) {
    this.point = point;
    this.datapath = datapath;
    this.goal = decided(this.trials, point);
  }

  /** Trials that ran to their end. */
  get finished(): number {
    return this.trials.length;
  }

  get wantsMore(): boolean {
    return this.goal.more;
  }

  /** One more replication; the first time after the pilot. @throws InvariantError, BudgetError */
  runNext(): void {
    const { point, datapath, trials } = this;
    this.warmUp ??= warmUpOf(point, datapath);
    this.replication = trials.length + 1;
    const run = { datapath, seed: point.scenario.run.seed, replication: this.replication };
    trials.push(runTrial(point, run, this.warmUp.length));
    if (trials.length >= this.goal.next) this.goal = decided(trials, point);
  }

  result(): PointResult {
    const { point, datapath, trials } = this;
    const warmUp = this.warmUp as WarmUp;
    const verdicts = new Map<string, Verdict>();
    for (const name of Object.keys(point.scenario.workloads)) {
      const outcomes = trials.flatMap(({ outcomes: all }) => all.get(name) ?? []);
      verdicts.set(name, verdict(outcomes, { warmUpTooLate: warmUp.tooLate }));
    }
    const { bottleneck } = trials[0];
    return { point, datapath, warmUp, trials, verdicts, bottleneck, gaveUp: this.goal.gaveUp };
  }
}
