/** Simulates one point on one datapath with as many replications as are asked for; those that are known are not run again. */
import type { ScenarioPoint } from '../../scenario/load.ts';
import { type PointResult, PointRunner } from '../run-point.ts';
import { type Execute, runPoints } from '../run-points.ts';
import type { TrialAnswer } from '../trial-task.ts';
import { replicationOf } from '../trial-task.ts';

/** A trial threw what is the cause. */
export class FailedTrialError extends Error {
  override name = 'FailedTrialError';
  readonly replication: number;

  constructor(cause: unknown, replication: number) {
    super('a trial failed', { cause });
    this.replication = replication;
  }
}

export interface ProberOptions {
  /** Trials of this point at a time. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onDone: () => void;
}

export class Prober {
  private readonly known = new Map<number, TrialAnswer>();
  private readonly point: ScenarioPoint;
  private readonly datapath: string;
  private readonly execute: Execute;

  constructor(point: ScenarioPoint, datapath: string, execute: Execute) {
    this.point = point;
    this.datapath = datapath;
    this.execute = execute;
  }

  /** @throws FailedTrialError; an AbortError where the signal ended it */
  async run(replications: number, { jobs, signal, onDone }: ProberOptions): Promise<PointResult> {
    const { scenario } = this.point;
    const { precision: _, ...run } = scenario.run;
    const point = { ...this.point, scenario: { ...scenario, run: { ...run, replications } } };
    const runner = new PointRunner(point, this.datapath);
    const remembered: Execute = async (task) => {
      const number = replicationOf(task);
      const answer = this.known.get(number) ?? (await this.execute(task));
      if (!this.known.has(number)) onDone();
      this.known.set(number, answer);
      return answer;
    };
    const [failure] = await runPoints([runner], remembered, { jobs, signal, onDone: () => {} });
    signal.throwIfAborted();
    if (failure !== undefined) throw new FailedTrialError(failure.error, replicationOf(failure.task));
    return runner.result();
  }
}
