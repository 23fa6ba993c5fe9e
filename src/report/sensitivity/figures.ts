/** The same as flat records, one for each share, figure and effect, for programs. */
import type { Ranking, Sensitivity } from '../../experiment/sensitivity/sensitivity.ts';
import type { Share } from '../../experiment/statistics/wilson.ts';
import type { Swept } from '../rows.ts';

interface About {
  readonly scenario: string;
  readonly swept: Swept;
  readonly decision: string;
  /** What is read, e.g. `p99`. */
  readonly metric: string;
  /** A workload, a VM, or '' for the machine. */
  readonly owner: string;
  /** Two: the first less the second. An order names all of its own. */
  readonly datapaths: readonly string[];
}

export interface ShareFigure extends About {
  /** Of the machines on which the decision comes out for the datapath, or as the order says. */
  readonly figure: 'share';
  readonly value: number | null;
  /** Wilson's interval of 95 %. */
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  readonly count: number;
  readonly machines: number;
}

export interface SpreadFigure extends About {
  readonly figure: 'value';
  readonly unit: string;
  /** As the scenario says; `null`, here and below: no steady state, or no such figure. */
  readonly value: number | null;
  readonly p5: number | null;
  readonly median: number | null;
  readonly p95: number | null;
}

export interface EffectFigure extends About {
  readonly figure: 'effect';
  readonly cost: string;
  /** Of the cost's range, in `cost_unit`. */
  readonly low: number;
  readonly high: number;
  readonly cost_unit: string;
  readonly scale: 'linear' | 'log';
  readonly kind: string;
  readonly source: string;
  readonly unit: string;
  /** mu*, with its interval of 95 % over trajectories. */
  readonly value: number;
  readonly ci_low: number;
  readonly ci_high: number;
  readonly mu: number;
  readonly sigma: number;
  readonly trajectories: number;
}

export type SensitivityFigure = ShareFigure | SpreadFigure | EffectFigure;

const finite = (value: number | null): number | null =>
  value !== null && Number.isFinite(value) ? value : null;

const ofShare = (about: About, share: Share | null): ShareFigure => ({
  ...about,
  figure: 'share',
  value: share === null ? null : share.count / share.of,
  ci_low: share?.low ?? null,
  ci_high: share?.high ?? null,
  count: share?.count ?? 0,
  machines: share?.of ?? 0,
});

const ofRanking = (about: About, unit: string, { effects, datapaths }: Ranking): EffectFigure[] =>
  effects.map(({ of, muStar, mu, sigma }) => ({
    ...about,
    datapaths,
    figure: 'effect',
    cost: of.cost,
    low: of.low,
    high: of.high,
    cost_unit: of.unit,
    scale: of.scale,
    kind: of.kind,
    source: of.source,
    unit,
    value: muStar.mean,
    ci_low: muStar.low,
    ci_high: muStar.high,
    mu,
    sigma,
    trajectories: muStar.replications,
  }));

export const sensitivityFigures = (scenario: string, found: Sensitivity): SensitivityFigure[] => {
  const { swept, decision, figure, owner, datapaths, order, difference } = found;
  const unit = found.unit ?? '1';
  const about = (names: readonly string[]): About => ({
    scenario,
    swept,
    decision: decision.text,
    metric: figure,
    owner,
    datapaths: names,
  });
  return [
    ...(decision.kind === 'order' ? [ofShare(about(datapaths.map(({ datapath }) => datapath)), order)] : []),
    ...datapaths.flatMap(({ datapath, share, spread, ranking }) => {
      const own = about([datapath]);
      const { asWritten, p5, median, p95 } = spread;
      const value: SpreadFigure = {
        ...own,
        figure: 'value',
        unit,
        value: finite(asWritten),
        p5: finite(p5),
        median: finite(median),
        p95: finite(p95),
      };
      return [
        ...(decision.kind === 'order' ? [] : [ofShare(own, share)]),
        value,
        ...ofRanking(own, unit, ranking),
      ];
    }),
    ...(difference === null ? [] : ofRanking(about(difference.datapaths), unit, difference)),
  ];
};
