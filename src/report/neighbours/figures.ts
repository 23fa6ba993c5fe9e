/** The same as flat records, one for each cell and figure, for programs. */
import type { Beside, Sufferer } from '../../experiment/neighbours/interference.ts';
import type { Neighbourhood } from '../../experiment/neighbours/neighbourhood.ts';
import type { Interval } from '../../experiment/statistics/interval.ts';
import type { Point } from '../rows.ts';

export interface NeighbourFigure extends Point {
  /**
   * `p99`; `p99.added`: p99 beside others − p99 alone; `throughput.normalised`: with all / alone; `throughput.jain`: Jain's index of these;
   * `cores.…` and `cpu.…`: `shared` by all as written, `own`: each alone, summed; `cpu.added`: own − shared.
   */
  readonly figure: string;
  /** '' where it is of all. */
  readonly vm: string;
  readonly workload: string;
  /** Who is there besides. */
  readonly others: readonly string[];
  readonly unit: string;
  /** `null`: there is no such figure, as for the p99 of a saturated point. */
  readonly value: number | null;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  /** Trials that it is a mean of; pairs of them where it compares. */
  readonly replications: number;
  /** Of `p99.added`: p99 beside others / p99 alone. */
  readonly factor?: number;
  /** Of `p99`: steady, short, or saturated and by what. */
  readonly verdict?: string;
}

type Rest = Omit<NeighbourFigure, keyof Point>;

type Spread = Pick<NeighbourFigure, 'value' | 'ci_low' | 'ci_high' | 'replications'>;

const spread = (found: Interval | null): Spread => ({
  value: found?.mean ?? null,
  ci_low: found?.low ?? null,
  ci_high: found?.high ?? null,
  replications: found?.replications ?? 0,
});

const ofSufferer = ({ vm, workload, alone, besideOne, besideAll }: Sufferer): Rest[] => {
  // Of two, each other is all.
  const companies: Beside[] = [
    { others: [], cell: alone, added: null },
    ...besideOne,
    ...(besideOne.length > 1 ? [besideAll] : []),
  ];
  return companies.flatMap(({ others, cell: { p99, verdict }, added }) => {
    const place = { vm, workload, others, unit: 'ns' };
    const beside: Rest[] =
      added === null
        ? []
        : [{ figure: 'p99.added', ...place, ...spread(added.difference), factor: added.factor }];
    return [{ figure: 'p99', ...place, ...spread(p99), verdict }, ...beside];
  });
};

const ofAll = ({ tenants, fairness, isolation }: Neighbourhood): Rest[] => {
  const whole = { vm: '', workload: '', others: tenants };
  const rows: Rest[] = [];
  if (fairness !== null) {
    for (const [vm, ratio] of fairness.normalised) {
      const others = tenants.filter((tenant) => tenant !== vm);
      rows.push({
        figure: 'throughput.normalised',
        ...{ vm, workload: '', others, unit: '1' },
        ...spread(ratio),
      });
    }
    rows.push({ figure: 'throughput.jain', ...whole, unit: '1', ...spread(fairness.jain) });
  }
  if (isolation !== null) {
    const { coresShared, coresOwn, cpuShared, cpuOwn, cpuDifference } = isolation;
    const exactly = (count: number): Spread => ({
      ...spread(cpuShared),
      value: count,
      ci_low: count,
      ci_high: count,
    });
    rows.push(
      { figure: 'cores.shared', ...whole, unit: 'cores', ...exactly(coresShared) },
      { figure: 'cores.own', ...whole, unit: 'cores', ...exactly(coresOwn) },
      { figure: 'cpu.shared', ...whole, unit: 'cores', ...spread(cpuShared) },
      { figure: 'cpu.own', ...whole, unit: 'cores', ...spread(cpuOwn) },
      { figure: 'cpu.added', ...whole, unit: 'cores', ...spread(cpuDifference) },
    );
  }
  return rows;
};

export const neighbourFigures = (scenario: string, neighbourhood: Neighbourhood): NeighbourFigure[] => {
  const { datapath, swept, sufferers } = neighbourhood;
  return [...sufferers.flatMap(ofSufferer), ...ofAll(neighbourhood)].map((rest) => ({
    ...{ scenario, datapath, swept },
    ...rest,
  }));
};
