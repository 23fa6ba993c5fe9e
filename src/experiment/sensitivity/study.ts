/** The trials that one point of a scenario takes: on each datapath every plausible machine, and every point of every trajectory. */
import type { ScenarioPoint } from '../../scenario/load.ts';
import type { PointResult } from '../run-point.ts';
import type { TrialTask } from '../trial-task.ts';
import type { WarmUp } from '../warm-up.ts';
import { withFigures, withProfile } from '../what-if/levers.ts';
import { chargedIn } from './first-run.ts';
import { shareOf, type Trajectory, trajectories } from './morris.ts';
import { figureAt, plausibleMachines, type UncertainCost, uncertainCosts } from './plausible.ts';

export interface Size {
  readonly machines: number;
  readonly trajectories: number;
  readonly seed: number;
}

/** A datapath on some machine: the figures of those costs that it charges. */
export interface Variant {
  readonly datapath: string;
  readonly figures: ReadonlyMap<string, number>;
}

export class Study {
  readonly point: ScenarioPoint;
  /** By datapath; it is not empty. */
  readonly first: ReadonlyMap<string, PointResult>;
  /** Charged by any of the datapaths. */
  readonly uncertain: readonly UncertainCost[];
  readonly trajectories: readonly Trajectory[];
  /** Each once: what differs in costs that a datapath does not charge is the same trial. */
  readonly variants: readonly Variant[];
  /** By datapath and machine, which of the variants. */
  readonly machines: ReadonlyMap<string, readonly number[]>;
  /** By datapath, trajectory and point on it. */
  readonly paths: ReadonlyMap<string, readonly (readonly number[])[]>;
  private readonly charged: ReadonlyMap<string, ReadonlySet<string>>;

  /** @param results of the first run, of every datapath */
  constructor(results: readonly PointResult[], size: Size) {
    const { point } = results[0];
    this.point = point;
    this.first = new Map(results.map((result) => [result.datapath, result]));
    this.charged = new Map(results.map((result) => [result.datapath, chargedIn(result)]));
    const charged = new Set([...this.charged.values()].flatMap((costs) => [...costs]));
    this.uncertain = uncertainCosts(point.profile, charged);
    const names = this.uncertain.map(({ cost }) => cost);
    this.trajectories = trajectories(names, size.trajectories, size.seed);
    const machines = plausibleMachines(this.uncertain, size.machines, size.seed);
    const variants: Variant[] = [];
    const known = new Map<string, number>();
    const add = (datapath: string, shares: readonly number[]): number => {
      const figures = this.figuresOf(datapath, shares);
      const key = JSON.stringify([datapath, ...figures.values()]);
      const index = known.get(key) ?? variants.length;
      if (index === variants.length) variants.push({ datapath, figures });
      known.set(key, index);
      return index;
    };
    const byDatapath = <T>(of: (datapath: string) => T): ReadonlyMap<string, T> =>
      new Map([...this.first.keys()].map((datapath) => [datapath, of(datapath)]));
    this.machines = byDatapath((datapath) => machines.map((shares) => add(datapath, shares)));
    this.paths = byDatapath((datapath) =>
      this.trajectories.map(({ levels }) => levels.map((each) => add(datapath, each.map(shareOf)))),
    );
    this.variants = variants;
  }

  private figuresOf(datapath: string, shares: readonly number[]): ReadonlyMap<string, number> {
    const charged = this.charged.get(datapath) as ReadonlySet<string>;
    return new Map(
      this.uncertain.flatMap((uncertain, i) =>
        charged.has(uncertain.cost) ? [[uncertain.cost, figureAt(uncertain, shares[i])] as const] : [],
      ),
    );
  }

  private warmUp(datapath: string): WarmUp {
    return (this.first.get(datapath) as PointResult).warmUp;
  }

  /** One replication on that datapath alone, behind the warm-up of the first run. */
  settled(datapath: string): ScenarioPoint {
    const { scenario } = this.point;
    const { precision: _, ...rest } = scenario.run;
    const run = { ...rest, warmUp: this.warmUp(datapath).length, replications: 1 };
    return { ...this.point, scenario: { ...scenario, datapaths: [datapath], run } };
  }

  /** The same replication on every machine: nothing but the costs differs. */
  task({ datapath, figures }: Variant): TrialTask {
    const point = withProfile(this.settled(datapath), withFigures(this.point.profile, figures));
    const { length: warmUp } = this.warmUp(datapath);
    return { kind: 'trial', point, datapath, replication: 1, warmUp };
  }

  /** What must be set in the scenario for the trial of a variant. */
  settings(variant: number): string[] {
    const { datapath, figures } = this.variants[variant];
    const { length, how } = this.warmUp(datapath);
    return [
      ...(how === 'given' ? [] : [`run.warmUp=${length / 1000} ns`]),
      ...this.uncertain.flatMap(({ cost, unit }) => {
        const figure = figures.get(cost);
        return figure === undefined ? [] : [`costs.${cost}.${unit}=${figure}`];
      }),
    ];
  }
}
