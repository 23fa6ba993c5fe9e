/** What objectives ask of a point: a figure of each workload, or of the machine, from each replication. */

import type { Objective, Subject } from '../../scenario/objective.ts';
import { inSeconds } from '../../units.ts';
import type { Measured } from '../measured.ts';
import type { PointResult } from '../run-point.ts';
import type { TrialResult } from '../run-trial.ts';
import { type Finding, type Probe, SATURATED } from './probe.ts';

/** The objective cannot be judged: there is no such figure. The message says what to do. */
export class NoFigureError extends Error {
  override name = 'NoFigureError';
}

const has = (row: Measured, metric: string, statistic: string, component: string): boolean =>
  row.metric === metric && row.statistic === statistic && row.component === component;

/** Requests that were dropped, as a share of those that ended. */
const lost = (rows: readonly Measured[]): number => {
  const rate = (metric: string): number => rows.find((row) => has(row, metric, 'rate', ''))?.value ?? 0;
  const dropped = rate('drops');
  const ended = dropped + rate('throughput.requests');
  return ended === 0 ? 0 : dropped / ended;
};

/** @param rows of whom it is about, as {@link ownedBy} finds them */
export const figure = (
  { as, metric, statistic, component }: Subject,
  rows: readonly Measured[],
  cores: number,
): number | undefined => {
  if (as === 'lost') return lost(rows);
  const value = rows.find((row) => has(row, metric, statistic, component))?.value;
  return value === undefined || as === 'figure' ? value : value / cores;
};

/** 1 is just what is allowed, more is too much. */
const margin = ({ below, limit }: Objective, value: number): number =>
  below ? value / limit : 2 - value / limit;

/** Requests beyond a percentile without which there is none (measure.ts). */
const BEYOND_MIN = 5;
/** Metrics that every workload has, though a trial may be too short for one. */
const OF_WORKLOADS = /^(latency|jitter|throughput)/;

/** Whether it is asked of workloads: of each by itself, where none is named. */
export const isOfWorkloads = ({ as, metric }: Subject): boolean => as === 'lost' || OF_WORKLOADS.test(metric);

/** Whose figure it is: a workload, a VM, or '' for the machine; copies of a VM each by themselves. */
export const owners = (objective: Subject, { point, trials }: PointResult): readonly string[] => {
  const { workloads, vms } = point.scenario;
  const { metric, statistic, component, workload: name } = objective;
  const ofWorkloads = isOfWorkloads(objective);
  if (name !== null) {
    const named = point.copies.workloads[name] ?? point.copies.vms[name] ?? [name];
    // A VM's latency is that of its workloads.
    return named.flatMap((each) =>
      ofWorkloads && Object.hasOwn(vms, each) && !Object.hasOwn(workloads, each)
        ? Object.keys(workloads).filter((workload) => workloads[workload].vm === each)
        : [each],
    );
  }
  if (ofWorkloads) return Object.keys(workloads);
  const rows = trials[0].measured.filter((row) => has(row, metric, statistic, component));
  const of = (names: object, owner: (row: Measured) => string): string[] =>
    rows.map(owner).filter((name) => Object.hasOwn(names, name));
  const byWorkload = of(workloads, (row) => row.workload);
  if (byWorkload.length > 0) return byWorkload;
  const byVm = of(vms, (row) => (row.workload === '' ? row.vm : ''));
  return byVm.length > 0 ? byVm : [''];
};

export const ownedBy = ({ measured }: Pick<TrialResult, 'measured'>, owner: string): Measured[] =>
  measured.filter((row) => (row.workload === '' ? row.vm === owner : row.workload === owner));

/** So many requests wanted to start that the percentile would be there had they ended: they are late. */
const isLate = ({ outcomes }: TrialResult, workload: string, statistic: string): boolean => {
  const outcome = outcomes.get(workload);
  const [, percentile] = /^p([\d.]+)$/.exec(statistic) ?? [];
  if (outcome === undefined || percentile === undefined) return false;
  // Two in three will do: chance does not take a third of so many.
  const wanted = BEYOND_MIN / (1 - Number(percentile) / 100);
  return outcome.offered * inSeconds(outcome.window) > 1.5 * wanted;
};

/**
 * @param saturated the point has no steady state, and may have no such figure either: it is missed then.
 * @throws NoFigureError where a replication of another point has no such figure
 */
export const findings = (
  objectives: readonly Objective[],
  result: PointResult,
  saturated: boolean,
): Finding[] => {
  const { cores } = result.point.machine;
  return objectives.flatMap((objective) =>
    owners(objective, result).map((owner) => {
      const requirement =
        owner === '' || owner === objective.workload ? objective.text : `${objective.text} of ${owner}`;
      // Without a network nothing is dropped, nor carried.
      const unbound = result.verdicts.get(owner)?.verdict === 'unbound';
      const margins = result.trials.map((trial) => {
        const value = figure(objective, ownedBy(trial, owner), cores);
        if (unbound) return SATURATED;
        if (value !== undefined) return margin(objective, value);
        if (saturated || isLate(trial, owner, objective.statistic)) return SATURATED;
        throw new NoFigureError(
          `${requirement}: a trial has no such figure${/^p\d/.test(objective.statistic) ? '; a percentile needs five requests beyond it, so p99 needs 500: measure longer, or begin at a higher load' : ''}`,
        );
      });
      return { requirement, owner, margins };
    }),
  );
};

/** What a point shows of the objectives. @throws NoFigureError as {@link findings} does */
export const probeOf = (objectives: readonly Objective[], result: PointResult): Probe => {
  const { verdicts, bottleneck } = result;
  const overloaded = [...verdicts.values()].some(({ verdict }) => verdict === 'saturated');
  return {
    findings: findings(objectives, result, overloaded),
    saturated: overloaded ? bottleneck : null,
  };
};
