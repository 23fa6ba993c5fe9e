/** Operational laws, and the formulas of queueing theory beside what each station did. */
import { mean } from 'simple-statistics';
import { workloadGroups } from '../../scenario/copies.ts';
import { inSeconds, type Picoseconds } from '../../units.ts';
import { loadName, meanLoads } from '../bottleneck.ts';
import type { PointResult } from '../run-point.ts';
import type { Outcome } from '../statistics/outcome.ts';

export interface StationLaw {
  readonly station: string;
  /** Share of its time. */
  readonly utilisation: number;
  /** X × S of the utilisation law, from what was counted; it may miss what was under way at the ends of the window. */
  readonly law: number;
  /** Arrivals, 1/s, and their mean occupation, ps, with its squared coefficient of variation. */
  readonly rate: number;
  readonly service: number;
  readonly variation: number;
  /** Mean wait before an occupation, ps: seen, and by formula with Poisson arrivals; null where more arrives than is served. */
  readonly wait: number;
  readonly mm1: number | null;
  readonly md1: number | null;
  readonly mg1: number | null;
  readonly verdict: string;
}

export interface LittleLaw {
  readonly workload: string;
  /** Requests in the system, on average over the window. */
  readonly present: number;
  /** X × R: throughput times mean latency, without the wait of a sender that is behind its schedule: it has not submitted yet. */
  readonly law: number;
}

/** Waits within this share of each other, or of a service time where nobody waits, agree. */
const AGREE = 0.1;

const judged = (wait: number, mg1: number | null, service: number): string => {
  if (mg1 === null) return 'more arrives than it can serve';
  if (Math.abs(wait - mg1) <= AGREE * Math.max(wait, mg1)) return 'as M/G/1';
  if (Math.max(wait, mg1) <= AGREE * service) return 'hardly anybody waits';
  return wait > mg1 ? 'waits longer: arrivals come in bursts' : 'waits less: arrivals keep a distance';
};

/** Stations that serve one after the other: wires, PCIe, IOMMU, disks. Means over replications. */
export const stationLaws = ({ point, trials }: PointResult): StationLaw[] => {
  const seconds = inSeconds(point.scenario.run.measure);
  return trials[0].stations.flatMap(({ name }, i) => {
    const seen = trials.flatMap(({ stations }) => {
      const { share, passed } = stations[i];
      return passed === null ? [] : [{ share, ...passed }];
    });
    if (seen.length === 0) return [];
    const utilisation = mean(seen.map(({ share }) => share));
    const rate = mean(seen.map(({ count }) => count)) / seconds;
    const service = mean(seen.map((each) => each.service));
    const variation = mean(seen.map((each) => each.variation));
    const wait = mean(seen.map((each) => each.wait));
    const law = rate * inSeconds(service as Picoseconds);
    // Pollaczek and Khinchine: ρ S (1 + c²) / (2 (1 − ρ)); c² is 1 of exponential and 0 of constant service.
    const waiting = (c2: number): number | null =>
      law >= 1 ? null : (law * service * (1 + c2)) / (2 * (1 - law));
    const formulas = { mm1: waiting(1), md1: waiting(0), mg1: waiting(variation) };
    const verdict = judged(wait, formulas.mg1, service);
    return [{ station: name, utilisation, law, rate, service, variation, wait, ...formulas, verdict }];
  });
};

/** Latency counts from the intended start; a request is in the system once it is submitted. */
const BEFORE_SUBMISSION = 'wait: sender';

/** Of each workload, copies of a VM taken together: what is in the system is what comes through it times how long it stays. */
export const littleLaws = ({ point: { scenario, copies }, trials }: PointResult): LittleLaw[] => {
  return workloadGroups(scenario, copies).flatMap(([workload, members]) => {
    const values = trials.flatMap(({ outcomes, measured, stages }) => {
      const found = members.flatMap((member) => outcomes.get(member) ?? []);
      const latency = measured.find(
        (row) => row.workload === workload && row.metric === 'latency' && row.statistic === 'mean',
      );
      if (found.length === 0 || latency === undefined) return [];
      const late =
        stages.find((each) => each.workload === workload && each.stage === BEFORE_SUBMISSION)?.mean ?? 0;
      const inside = latency.value * 1e-9 - inSeconds(late as Picoseconds);
      const sum = (of: (outcome: Outcome) => number): number =>
        found.reduce((all, each) => all + of(each), 0);
      return [
        {
          present: sum(({ backlog: [first, second] }) => (first + second) / 2),
          law: sum(({ carried }) => carried) * inside,
        },
      ];
    });
    if (values.length === 0) return [];
    return [
      {
        workload,
        present: mean(values.map(({ present }) => present)),
        law: mean(values.map(({ law }) => law)),
      },
    ];
  });
};

/** The most that a resource lets through at what a request takes of it now, 1/s: the asymptotic bound 1/D (Denning and Buzen 1978). */
export interface Bound {
  readonly resource: string;
  /** Share of its time. */
  readonly busy: number;
  /** Requests per second. */
  readonly bound: number;
}

/** Of cores and stations, the least first. Batching under load may carry more than the bound of a core says. */
export const bounds = ({ trials }: PointResult): Bound[] => {
  const throughput = mean(
    trials.map(({ outcomes }) => [...outcomes.values()].reduce((sum, { carried }) => sum + carried, 0)),
  );
  return meanLoads(trials)
    .filter(({ busy }) => busy > 0)
    .map((load) => ({ resource: loadName(load), busy: load.busy, bound: throughput / load.busy }))
    .sort((a, b) => a.bound - b.bound);
};
