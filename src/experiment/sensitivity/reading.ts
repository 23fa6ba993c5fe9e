/** The figure that a decision is about, read off one trial. */
import type { ScenarioPoint } from '../../scenario/load.ts';
import type { Subject } from '../../scenario/objective.ts';
import { figure, ownedBy, owners } from '../capacity/requirements.ts';
import type { Measured } from '../measured.ts';
import type { PointResult } from '../run-point.ts';
import type { TrialResult } from '../run-trial.ts';
import { saturation } from '../statistics/verdict.ts';

/** What is kept of a trial. */
export interface Gist {
  readonly measured: readonly Measured[];
  /** Workloads that have no steady state. */
  readonly saturated: ReadonlySet<string>;
}

export interface Reading {
  /** In the unit of the subject; Infinity: it has no steady state to be read in; null: there is none. */
  readonly value: number | null;
  readonly saturated: boolean;
}

/** What a queue without end has no steady figure of. */
const OF_STEADY_STATES = /^(latency|jitter|stage)/;
/** Metrics that every workload has. */
const OF_WORKLOADS = /^(latency|jitter|throughput)/;

/** @param subjects all that will be read */
export const gist = ({ measured, outcomes }: TrialResult, subjects: readonly Subject[]): Gist => {
  const wanted = new Set([
    ...subjects.map(({ metric }) => metric),
    ...(subjects.some(({ as }) => as === 'lost') ? ['throughput.requests'] : []),
  ]);
  return {
    measured: measured.filter(({ metric }) => wanted.has(metric)),
    saturated: new Set(
      [...outcomes].filter(([, outcome]) => saturation([outcome]).length > 0).map(([name]) => name),
    ),
  };
};

/** Whose figure it is, copies of a VM taken together: a workload, a VM, or '' for the machine. */
export const ownersOf = (subject: Subject, result: PointResult): readonly string[] => {
  const { scenario, copies } = result.point;
  const { workload, as, metric } = subject;
  if (workload !== null) return [workload];
  const members = new Set([...Object.values(copies.workloads), ...Object.values(copies.vms)].flat());
  const all =
    as === 'lost' || OF_WORKLOADS.test(metric)
      ? [...Object.keys(scenario.workloads), ...Object.keys(copies.workloads)]
      : owners(subject, result);
  return all.filter((name) => !members.has(name));
};

const isSaturated = ({ saturated }: Gist, { scenario, copies }: ScenarioPoint, owner: string): boolean => {
  const members = copies.workloads[owner] ?? (Object.hasOwn(scenario.workloads, owner) ? [owner] : null);
  return members === null ? saturated.size > 0 : members.some((name) => saturated.has(name));
};

export const readingOf = (subject: Subject, owner: string, found: Gist, point: ScenarioPoint): Reading => {
  const saturated = isSaturated(found, point, owner);
  if (saturated && OF_STEADY_STATES.test(subject.metric)) {
    return { value: Number.POSITIVE_INFINITY, saturated };
  }
  const value = figure(subject, ownedBy(found, owner), point.machine.cores);
  return { value: value ?? null, saturated };
};
