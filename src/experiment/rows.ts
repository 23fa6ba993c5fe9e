/** The tidy rows of a results folder: what every chart and table is made from, named as the CSV columns are. */

/** Swept parameters of a point, by path, each value as the scenario would write it: `200 k/s`, `4`, `off`. */
export type Swept = Readonly<Record<string, string>>;

/** Where a row belongs: one scenario, one datapath, one point of the sweep. */
export interface Point {
  readonly scenario: string;
  readonly datapath: string;
  readonly swept: Swept;
}

/**
 * One statistic of one metric over all replications; an exact count has `ci_low = ci_high = value`.
 * `component` '' is the whole (all payers, all cores, all kinds), otherwise the place, kind or core.
 */
export interface SummaryRow extends Point {
  readonly vm: string;
  readonly workload: string;
  readonly metric: string;
  readonly component: string;
  readonly statistic: string;
  readonly unit: string;
  /** `null`: there is no such figure, as for the percentiles of a saturated point. */
  readonly value: number | null;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
  readonly replications: number;
  /** `steady`, `short`, or `saturated: <station>`. */
  readonly verdict: string;
}

/** The same before averaging: one replication. */
export interface TrialRow extends Point {
  readonly vm: string;
  readonly workload: string;
  readonly replication: number;
  readonly metric: string;
  readonly component: string;
  readonly statistic: string;
  readonly unit: string;
  readonly value: number | null;
  readonly verdict: string;
}

export type Side = 'guest' | 'host';

/** What one named cost took of one core, per request; the interval is that of the cycles. */
export interface CostRow extends Point {
  readonly core: string;
  readonly thread: string;
  readonly side: Side;
  /** Who is billed, e.g. `guest web`, `vcpu-k`, `vhost`, `qemu main`, `event loop`, `host softirq`. */
  readonly payer: string;
  readonly cost: string;
  readonly busy_ns_per_request: number;
  readonly cycles_per_request: number;
  readonly count_per_request: number;
  readonly ci_low: number | null;
  readonly ci_high: number | null;
}

export type StageKind = 'working' | 'waiting';

/** One slice of a request's life; `share` is of the mean latency, `sample` the requests behind the percentiles. */
export interface StageRow extends Point {
  readonly workload: string;
  readonly position: number;
  readonly stage: string;
  readonly kind: StageKind;
  readonly mean_ns: number;
  readonly share: number;
  readonly p50_ns: number | null;
  readonly p99_ns: number | null;
  readonly sample: number;
}
