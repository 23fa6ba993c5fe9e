/** One point on one datapath: a pilot fixes the warm-up, then replications until there are enough; and the verdict. */
import type { ScenarioPoint } from '../scenario/load.ts';
import { bootOf, kindOf, whyUnbound } from '../scenario/vm-cards.ts';
import type { TrialResult } from './run-trial.ts';
import type { Outcome } from './statistics/outcome.ts';
import { precision } from './statistics/precision.ts';
import { type Verdict, verdict } from './statistics/verdict.ts';
import type { TrialAnswer, TrialTask } from './trial-task.ts';
import { givenWarmUp, type WarmUp } from './warm-up.ts';

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

/** The metrics whose precision decides how many replications are enough. */
const DECIDING = new Set(['latency p50', 'throughput.requests rate']);

/** Replications that the budget of a point allows: counted in replications and in events, so that it ends alike everywhere. */
const mostOf = (trials: readonly TrialResult[], { scenario: { run } }: ScenarioPoint): number => {
  const { replications: minimum, maxReplications, maxPointEvents } = run;
  const events = trials.reduce((sum, trial) => sum + trial.events, 0);
  const affordable = events === 0 ? maxReplications : Math.floor((maxPointEvents * trials.length) / events);
  return Math.max(minimum, Math.min(maxReplications, affordable));
};

const outcomesOf = (trials: readonly TrialResult[], workload: string): Outcome[] =>
  trials.flatMap(({ outcomes }) => outcomes.get(workload) ?? []);

const overloaded = (trials: readonly TrialResult[], workload: string): boolean => {
  const outcomes = outcomesOf(trials, workload);
  return outcomes.length > 0 && verdict(outcomes).verdict === 'saturated';
};

const decided = (trials: readonly TrialResult[], point: ScenarioPoint) => {
  const { run } = point.scenario;
  const { precision: target, replications: minimum } = run;
  if (target === undefined) {
    return { more: trials.length < minimum, next: minimum, gaveUp: false };
  }
  let next = minimum;
  let more = trials.length < minimum;
  let gaveUp = false;
  if (more) return { more, next, gaveUp };
  const most = mostOf(trials, point);
  const series = new Map<string, number[]>();
  const { workloads: pools } = point.copies;
  // Of VMs that are alike the figures of all together decide.
  const copies = new Set(Object.values(pools).flat());
  const saturated = new Set(Object.keys(point.scenario.workloads).filter((name) => overloaded(trials, name)));
  for (const { measured } of trials) {
    for (const row of measured) {
      // No replication makes a percentile of what has no steady state.
      if (copies.has(row.workload)) continue;
      const members = pools[row.workload] ?? [row.workload];
      if (row.metric === 'latency' && members.some((name) => saturated.has(name))) continue;
      if (!DECIDING.has(`${row.metric} ${row.statistic}`) || row.component !== '') continue;
      const key = `${row.workload} ${row.metric}`;
      series.set(key, [...(series.get(key) ?? []), row.value]);
    }
  }
  for (const values of series.values()) {
    const answer = precision(values, { target, minimum, maximum: Math.max(most, values.length) });
    if (answer.decision === 'more') {
      more = true;
      next = Math.max(next, answer.next);
    }
    if (answer.decision === 'gaveUp') gaveUp = true;
  }
  // A figure that some trials do not have would ask for trials beyond the greatest number.
  if (more && trials.length >= most) return { more: false, next: most, gaveUp: true };
  return { more, next: Math.min(next, most), gaveUp };
};

/**
 * Hands out the trials of one point on one datapath as tasks, and takes their answers in any order: who did them,
 * and which ended first, changes nothing.
 */
export class PointRunner {
  private readonly point: ScenarioPoint;
  private readonly datapath: string;
  /** By replication, from 1 at index 0; a gap is a trial that is not back yet. */
  private readonly trials: TrialResult[] = [];
  private warmUp: WarmUp | null;
  private pilotOut = false;
  /** Replications handed out. */
  private out = 0;
  /** Replications back without a gap from the first on. */
  private back = 0;
  private goal: { more: boolean; next: number; gaveUp: boolean };

  constructor(point: ScenarioPoint, datapath: string) {
    this.point = point;
    this.datapath = datapath;
    this.warmUp = givenWarmUp(point);
    this.goal = decided(this.trials, point);
  }

  /** Replications that ran to their end, counted up to the first one missing. */
  get finished(): number {
    return this.back;
  }

  /** There are enough replications, and all are back. */
  get done(): boolean {
    return !this.goal.more;
  }

  /** The next piece of work; null while others must come back first, or when there is enough. */
  next(): TrialTask | null {
    const { point, datapath, warmUp, goal } = this;
    if (warmUp === null) {
      if (this.pilotOut) return null;
      this.pilotOut = true;
      return { kind: 'pilot', point, datapath };
    }
    if (!goal.more || this.out >= goal.next) return null;
    return { kind: 'trial', point, datapath, replication: ++this.out, warmUp: warmUp.length };
  }

  take(answer: TrialAnswer): void {
    const { trials, point } = this;
    if (answer.kind === 'pilot') {
      this.warmUp = answer.warmUp;
      return;
    }
    trials[answer.replication - 1] = answer.result;
    while (trials[this.back] !== undefined) this.back++;
    // Judged at these counts only, so that the number of replications does not depend on who finished first.
    if (this.back === this.goal.next) this.goal = decided(trials, point);
  }

  /** Why the VM of `workload` has no network; null where it has one. */
  private unbound(workload: string): string | null {
    const { scenario } = this.point;
    const { vm } = scenario.workloads[workload];
    const boot = bootOf(scenario, vm, kindOf(scenario, vm, this.datapath));
    return boot === null ? null : whyUnbound(boot);
  }

  /** What is back so far; at least one replication must be. */
  result(): PointResult {
    const { point, datapath } = this;
    const trials = this.trials.slice(0, this.back);
    const warmUp = this.warmUp as WarmUp;
    const verdicts = new Map<string, Verdict>();
    for (const name of Object.keys(point.scenario.workloads)) {
      const why = this.unbound(name);
      if (why !== null) {
        verdicts.set(name, { verdict: 'unbound', reasons: [why] });
        continue;
      }
      verdicts.set(name, verdict(outcomesOf(trials, name), { warmUpTooLate: warmUp.tooLate.includes(name) }));
    }
    const { bottleneck } = trials[0];
    return { point, datapath, warmUp, trials, verdicts, bottleneck, gaveUp: this.goal.gaveUp };
  }
}
