/** Whether what picks a figure out of the results names something that the scenario runs. */
import type { Report } from './check.ts';
import type { Copies } from './copies.ts';
import type { Selector } from './expectation-schema.ts';
import { METRICS, splitMetric } from './metrics.ts';
import type { Scenario } from './schema.ts';
import { didYouMean, type PathKey } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';

/** One point of a scenario: a case may have datapaths and workloads of its own. */
export interface Point {
  readonly scenario: Scenario;
  readonly copies: Copies;
  readonly labels: Readonly<Record<string, string>>;
}

const NAMES = METRICS.map(({ name }) => name);

export class SelectorCheck {
  readonly datapaths: ReadonlySet<string>;
  private readonly workloads: ReadonlySet<string>;
  private readonly labels = new Map<string, Set<string>>();
  private readonly mistake: Report;

  constructor(points: readonly Point[], mistake: Report) {
    this.mistake = mistake;
    this.datapaths = new Set(points.flatMap(({ scenario }) => scenario.datapaths));
    this.workloads = new Set(
      points.flatMap(({ scenario, copies }) => [
        ...Object.keys(scenario.workloads),
        ...Object.keys(copies.workloads),
      ]),
    );
    for (const point of points) {
      for (const [path, value] of Object.entries(point.labels)) {
        this.labels.set(path, (this.labels.get(path) ?? new Set()).add(value));
      }
    }
  }

  /** A mistake at `at` unless `name` is one of `known`. */
  known(at: readonly PathKey[], name: string | undefined, known: Iterable<string>, what: string): void {
    const names = [...known];
    if (name === undefined || names.includes(name)) return;
    this.mistake(at, `${what} "${name}"${didYouMean(nearest(name, names))}`);
  }

  /** Every name in `part`, which stands at `at`. */
  part(at: readonly PathKey[], part: Selector | undefined): void {
    if (part === undefined) return;
    this.known([...at, 'workload'], part.workload, this.workloads, 'there is no workload');
    this.known([...at, 'datapath'], part.datapath, this.datapaths, 'the scenario does not run');
    if (part.metric !== undefined && splitMetric(part.metric) === null) {
      const near = nearest(part.metric, NAMES) ?? nearest(part.metric.replace(/\.[^.]*$/, ''), NAMES);
      this.mistake([...at, 'metric'], `there is no metric "${part.metric}"${didYouMean(near)}`);
    }
    for (const [path, value] of Object.entries(part.where ?? {})) {
      this.known([...at, 'where'], path, this.labels.keys(), 'the scenario does not sweep');
      const values = this.labels.get(path) ?? [String(value)];
      this.known([...at, 'where'], String(value), values, `${path} is never`);
    }
  }
}
