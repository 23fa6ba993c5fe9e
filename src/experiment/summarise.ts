/** From the trials of one point to tidy rows: means with t-intervals, costs by payer, stages of a request. */
import { inNanoseconds, type Picoseconds, workIn } from '../units.ts';
import { payerOf } from './measure-machine.ts';
import type { Measured } from './measured.ts';
import type { CostRow, Point, StageRow, SummaryRow, TrialRow } from './rows.ts';
import type { PointResult } from './run-point.ts';
import { interval } from './statistics/interval.ts';

export interface PointRows {
  readonly summary: readonly SummaryRow[];
  readonly trials: readonly TrialRow[];
  readonly costs: readonly CostRow[];
  readonly stages: readonly StageRow[];
}

/** Metrics that a saturated point does not have: there is no steady state to take them from. */
const STEADY_ONLY = /^(latency|jitter)/;

const keyOf = ({ vm, workload, metric, component, statistic }: Measured): string =>
  [vm, workload, metric, component, statistic].join('\u0000');

/** What stopped a device of those workloads' VMs: it carries nothing, however idle everything is. */
const stoppedDevice = ({ point, trials }: PointResult, names: readonly string[]): string | null => {
  const saturated = names.map((name) => trials[0]?.stopped.get(point.scenario.workloads[name].vm));
  const [why] = saturated.filter((fault) => fault !== undefined);
  return why === undefined ? null : `stopped: ${why}`;
};

/** The verdict of a row: its workload's, or the worst of its VM's (of all, for the machine). */
export const verdictOf = (result: PointResult, row: Pick<Measured, 'vm' | 'workload'>): string => {
  const { scenario, copies } = result.point;
  const { workloads } = scenario;
  const mine = copies.workloads[row.workload] ?? [row.workload];
  const vms = copies.vms[row.vm] ?? [row.vm];
  const names = Object.keys(workloads).filter((name) =>
    row.workload !== '' ? mine.includes(name) : row.vm === '' || vms.includes(workloads[name].vm),
  );
  const all = names.map((name) => result.verdicts.get(name) ?? { verdict: 'short', reasons: [] });
  const found = all.map(({ verdict }) => verdict).filter((verdict) => verdict !== 'unbound');
  if (found.length === 0 && all.length > 0) return `unbound: ${all[0].reasons.join('; ')}`;
  if (found.includes('saturated')) return `saturated: ${stoppedDevice(result, names) ?? result.bottleneck}`;
  return found.includes('short') ? 'short' : 'steady';
};

export const summarise = (scenario: string, result: PointResult): PointRows => {
  const at: Point = { scenario, datapath: result.datapath, swept: result.point.labels };
  return {
    summary: summaryRows(at, result),
    trials: trialRows(at, result),
    costs: costRows(at, result),
    stages: stageRows(at, result),
  };
};

const summaryRows = (at: Point, result: PointResult): SummaryRow[] => {
  const rows = new Map<string, { first: Measured; values: number[] }>();
  for (const { measured } of result.trials) {
    for (const row of measured) {
      const key = keyOf(row);
      const known = rows.get(key);
      if (known === undefined) rows.set(key, { first: row, values: [row.value] });
      else known.values.push(row.value);
    }
  }
  const replications = result.trials.length;
  return [...rows.values()].map(({ first, values }) => {
    const { value: _, ...row } = first;
    const verdict = verdictOf(result, row);
    // A component that some trials never saw counted nothing there.
    const all = [...values, ...Array<number>(replications - values.length).fill(0)];
    const missing = STEADY_ONLY.test(row.metric) && values.length < replications;
    if (missing || (STEADY_ONLY.test(row.metric) && verdict.startsWith('saturated'))) {
      return { ...at, ...row, value: null, ci_low: null, ci_high: null, replications, verdict };
    }
    const { mean, low, high } = interval(all);
    return { ...at, ...row, value: mean, ci_low: low, ci_high: high, replications, verdict };
  });
};

const trialRows = (at: Point, result: PointResult): TrialRow[] =>
  result.trials.flatMap(({ measured }, i) =>
    measured.map((row) => ({ ...at, ...row, replication: i + 1, verdict: verdictOf(result, row) })),
  );

const costRows = (at: Point, result: PointResult): CostRow[] => {
  const { trials, point } = result;
  const vms = Object.keys(point.scenario.vms);
  const rows = new Map<
    string,
    { row: Omit<CostRow, 'ci_low' | 'ci_high'>; cycles: number[]; counts: number[] }
  >();
  trials.forEach(({ spending, completed }, trial) => {
    const requests = [...completed.values()].reduce((sum, count) => sum + count, 0);
    if (requests === 0) return;
    for (const line of spending) {
      const key = [line.core, line.payer, line.plane, line.cost].join('\u0000');
      let entry = rows.get(key);
      if (entry === undefined) {
        const row = {
          ...at,
          core: line.core,
          thread: line.payer,
          side: line.side,
          payer: payerOf(line, vms),
          cost: line.cost,
          busy_ns_per_request: 0,
          cycles_per_request: 0,
          count_per_request: 0,
        };
        entry = { row, cycles: trials.map(() => 0), counts: trials.map(() => 0) };
        rows.set(key, entry);
      }
      entry.cycles[trial] = workIn((line.busy / requests) as Picoseconds, point.machine.clock);
      entry.counts[trial] = line.count / requests;
    }
  });
  const clock = point.machine.clock;
  return [...rows.values()].map(({ row, cycles, counts }) => {
    const { mean, low, high } = interval(cycles);
    return {
      ...row,
      busy_ns_per_request: (mean / clock) * 1e9,
      cycles_per_request: mean,
      count_per_request: interval(counts).mean,
      ci_low: low,
      ci_high: high,
    };
  });
};

const nearestRank = (sorted: readonly number[], p: number): number =>
  sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];

const stageRows = (at: Point, result: PointResult): StageRow[] => {
  const rows = new Map<
    string,
    { kind: 'working' | 'waiting'; workload: string; place: number; means: number[]; sample: number[] }
  >();
  for (const { stages } of result.trials) {
    for (const { workload, stage, kind, mean, place, sample } of stages) {
      const key = `${workload}\u0000${stage}`;
      const entry = rows.get(key) ?? { kind, workload, place, means: [], sample: [] };
      entry.means.push(mean);
      entry.sample.push(...sample);
      rows.set(key, entry);
    }
  }
  const totals = new Map<string, number>();
  const meanOf = (means: readonly number[]): number =>
    means.reduce((sum, mean) => sum + mean, 0) / result.trials.length;
  for (const { workload, means } of rows.values()) {
    totals.set(workload, (totals.get(workload) ?? 0) + meanOf(means));
  }
  const positions = new Map<string, number>();
  const inOrder = [...rows].sort(([, a], [, b]) => a.place - b.place);
  return inOrder.map(([key, { kind, workload, means, sample }]) => {
    const position = (positions.get(workload) ?? 0) + 1;
    positions.set(workload, position);
    const sorted = sample.toSorted((a, b) => a - b);
    const mean = meanOf(means);
    return {
      ...at,
      workload,
      position,
      stage: key.split('\u0000')[1],
      kind,
      mean_ns: inNanoseconds(mean as Picoseconds),
      share: mean / (totals.get(workload) as number),
      p50_ns: inNanoseconds(nearestRank(sorted, 0.5) as Picoseconds),
      p99_ns: inNanoseconds(nearestRank(sorted, 0.99) as Picoseconds),
      sample: sample.length,
    };
  });
};
