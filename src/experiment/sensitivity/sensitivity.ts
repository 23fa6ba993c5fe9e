/** A decision at one point, for one workload: how sure it is on the plausible machines, and which cost moves its figures most. */
import type { Decision } from '../../scenario/decision.ts';
import { NoFigureError } from '../capacity/requirements.ts';
import type { Swept } from '../rows.ts';
import type { PointResult } from '../run-point.ts';
import type { Share } from '../statistics/wilson.ts';
import { orderShare, type Readings, rivals, type Spread, sharesOf, spreadOf } from './judge.ts';
import { type Effect, effects } from './morris.ts';
import type { UncertainCost } from './plausible.ts';
import { type Gist, gist, ownersOf, type Reading, readingOf } from './reading.ts';
import type { Study } from './study.ts';

export interface CostEffect extends Effect {
  readonly of: UncertainCost;
}

/** Which costs move a figure, the strongest first. */
export interface Ranking {
  /** One datapath, or two: the figure of the first less that of the second. */
  readonly datapaths: readonly string[];
  readonly effects: readonly CostEffect[];
  /** Steps that led to or from a machine without such a figure, as a share of all. */
  readonly leftOut: number;
}

export interface DatapathAnswer {
  readonly datapath: string;
  readonly spread: Spread;
  /** Of an objective: where it holds; of the best: where it is. Null with an order, and without any machine. */
  readonly share: Share | null;
  readonly ranking: Ranking;
}

export interface Sensitivity {
  readonly swept: Swept;
  readonly decision: Pick<Decision, 'kind' | 'text'>;
  /** What is read: `p99`. */
  readonly figure: string;
  /** A workload, a VM, or '' for the machine. */
  readonly owner: string;
  /** Null: a share. */
  readonly unit: string | null;
  readonly datapaths: readonly DatapathAnswer[];
  /** Of an order alone. */
  readonly order: Share | null;
  /** The difference that decides; null with an objective. */
  readonly difference: Ranking | null;
}

/** Everything that a question about one owner reads, by datapath. */
interface Read {
  readonly study: Study;
  readonly asWritten: ReadonlyMap<string, Reading>;
  /** By variant. */
  readonly variants: readonly (Reading | null)[];
}

/** Of the last part of a subject's text, its owner left out. */
const figureOf = ({ subject: { metric, statistic, component, as } }: Decision): string => {
  if (as === 'lost') return 'drops';
  if (as === 'of cores') return 'cpu.host';
  const name = metric === 'latency' ? statistic : `${metric}.${statistic}`;
  return `${name}${component === '' ? '' : `[${component}]`}`;
};

const finite = (reading: Reading | null): number | null =>
  reading?.value != null && Number.isFinite(reading.value) ? reading.value : null;

const ranking = ({ study, variants }: Read, datapaths: readonly string[]): Ranking => {
  const along = (datapath: string): (number | null)[][] =>
    (study.paths.get(datapath) ?? []).map((path) => path.map((variant) => finite(variants[variant])));
  const [first, second] = datapaths.map(along);
  const values =
    second === undefined
      ? first
      : first.map((path, t) =>
          path.map((value, i) => {
            const other = second[t][i];
            return value === null || other === null ? null : value - other;
          }),
        );
  const steps = values.flatMap((path) => path.slice(1).map((value, i) => value === null || path[i] === null));
  return {
    datapaths,
    effects: effects(study.trajectories, values)
      .flatMap((effect, i) => (effect === null ? [] : [{ ...effect, of: study.uncertain[i] }]))
      .filter(({ muStar }) => muStar.mean > 0)
      .sort((a, b) => b.muStar.mean - a.muStar.mean),
    leftOut: steps.length === 0 ? 0 : steps.filter(Boolean).length / steps.length,
  };
};

const answerOf = (decision: Decision, owner: string, read: Read): Sensitivity => {
  const { study, asWritten, variants } = read;
  const readings: Readings = new Map(
    [...asWritten.keys()].map((datapath) => [
      datapath,
      (study.machines.get(datapath) ?? []).map((variant) => variants[variant]),
    ]),
  );
  const shares = decision.kind === 'order' ? null : sharesOf(decision, readings);
  const pair = rivals(decision, readings);
  return {
    swept: study.point.labels,
    decision: { kind: decision.kind, text: decision.text },
    figure: figureOf(decision),
    owner,
    unit: decision.subject.unit,
    datapaths: [...asWritten].map(([datapath, reading]) => ({
      datapath,
      spread: spreadOf(reading, readings.get(datapath) ?? []),
      share: shares?.get(datapath) ?? null,
      ranking: ranking(read, [datapath]),
    })),
    order: decision.kind === 'order' ? orderShare(decision.datapaths, readings) : null,
    difference: pair === null ? null : ranking(read, pair),
  };
};

/** Those of the point's datapaths that a decision is about; none where an order names one that the point does not have. */
const askedOf = (decision: Decision, study: Study): readonly string[] => {
  const present = [...study.first.keys()];
  if (decision.kind !== 'order') return present;
  return decision.datapaths.every((name) => present.includes(name)) ? decision.datapaths : [];
};

/**
 * @param gists by variant of the study; null where the trial failed
 * @throws NoFigureError where the first run shows no such figure
 */
export const sensitivities = (
  study: Study,
  gists: readonly (Gist | null)[],
  decisions: readonly Decision[],
): Sensitivity[] =>
  decisions.flatMap((decision) => {
    const asked = askedOf(decision, study);
    if (asked.length === 0) return [];
    const [any] = study.first.values();
    return ownersOf(decision.subject, any).flatMap((owner) => {
      const asWritten = new Map(readFirst(decision, owner, study, asked));
      if (asWritten.size < (decision.kind === 'objective' ? 1 : 2)) return [];
      const variants = gists.map((each) =>
        each === null ? null : readingOf(decision.subject, owner, each, study.point),
      );
      return [answerOf(decision, owner, { study, asWritten, variants })];
    });
  });

/** Before long work. @throws NoFigureError where the first run does not show a figure that is decided by */
export const demandFigures = (study: Study, decisions: readonly Decision[]): void => {
  const [any] = study.first.values();
  for (const decision of decisions) {
    const asked = askedOf(decision, study);
    for (const owner of ownersOf(decision.subject, any)) readFirst(decision, owner, study, asked);
  }
};

/** By datapath, as the scenario says; a VM without a network has no figure. @throws NoFigureError where another has none */
const readFirst = (
  decision: Decision,
  owner: string,
  { first, point }: Study,
  asked: readonly string[],
): [string, Reading][] => {
  const { subject, text } = decision;
  const { workloads } = point.copies;
  return asked.flatMap((datapath): [string, Reading][] => {
    const { trials, verdicts } = first.get(datapath) as PointResult;
    const members = workloads[owner] ?? [owner];
    if (members.some((name) => verdicts.get(name)?.verdict === 'unbound')) return [];
    const reading = readingOf(subject, owner, gist(trials[0], [subject]), point);
    if (reading.value !== null) return [[datapath, reading]];
    throw new NoFigureError(
      `${text}${owner === '' ? '' : ` (${owner})`}: ${datapath} has no such figure; a percentile needs five requests beyond it, so p99 needs 500 in run.measure: make it longer, e.g. --set run.measure='100 ms', or decide by another, e.g. p90`,
    );
  });
};
