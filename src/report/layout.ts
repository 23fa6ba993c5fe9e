/** The columns of each CSV file, in order: what comes before and after the swept parameters, and which are numbers. */
import type { PriceRow, ValidationRow } from '../validation/rows.ts';
import type { CostRow, Point, StageRow, SummaryRow, TrialRow } from './rows.ts';

type Column<Row> = Extract<Exclude<keyof Row, 'swept'>, string>;

export interface Layout<Row extends Point> {
  readonly file: string;
  readonly before: readonly Column<Row>[];
  readonly after: readonly Column<Row>[];
  readonly numbers: readonly Column<Row>[];
  /** Number columns that may be empty, read as `null`. */
  readonly optional: readonly Column<Row>[];
  /** Columns with a fixed set of values. */
  readonly choices: { readonly [C in Column<Row>]?: readonly string[] };
}

export const SUMMARY: Layout<SummaryRow> = {
  file: 'summary.csv',
  before: ['scenario', 'datapath', 'vm', 'workload'],
  after: [
    'metric',
    'component',
    'statistic',
    'unit',
    'value',
    'ci_low',
    'ci_high',
    'replications',
    'verdict',
  ],
  numbers: ['value', 'ci_low', 'ci_high', 'replications'],
  optional: ['value', 'ci_low', 'ci_high'],
  choices: {},
};

export const TRIALS: Layout<TrialRow> = {
  file: 'trials.csv',
  before: ['scenario', 'datapath', 'vm', 'workload'],
  after: ['replication', 'metric', 'component', 'statistic', 'unit', 'value', 'verdict'],
  numbers: ['replication', 'value'],
  optional: ['value'],
  choices: {},
};

export const COSTS: Layout<CostRow> = {
  file: 'costs.csv',
  before: ['scenario', 'datapath'],
  after: [
    'core',
    'thread',
    'side',
    'payer',
    'cost',
    'busy_ns_per_request',
    'cycles_per_request',
    'count_per_request',
    'ci_low',
    'ci_high',
  ],
  numbers: ['busy_ns_per_request', 'cycles_per_request', 'count_per_request', 'ci_low', 'ci_high'],
  optional: ['ci_low', 'ci_high'],
  choices: { side: ['guest', 'host'] },
};

export const STAGES: Layout<StageRow> = {
  file: 'stages.csv',
  before: ['scenario', 'datapath', 'workload'],
  after: ['position', 'stage', 'kind', 'mean_ns', 'share', 'p50_ns', 'p99_ns', 'sample'],
  numbers: ['position', 'mean_ns', 'share', 'p50_ns', 'p99_ns', 'sample'],
  optional: ['p50_ns', 'p99_ns'],
  choices: { kind: ['working', 'waiting'] },
};

export const VALIDATION: Layout<ValidationRow> = {
  file: 'validation.csv',
  before: ['scenario', 'kind', 'figure', 'datapath'],
  after: [
    'unit',
    'simulated',
    'ci_low',
    'ci_high',
    'reference_low',
    'reference_high',
    'error',
    'without',
    'without_error',
    'judgement',
    'rows',
    'source',
    'remark',
  ],
  numbers: [
    'simulated',
    'ci_low',
    'ci_high',
    'reference_low',
    'reference_high',
    'error',
    'without',
    'without_error',
  ],
  optional: ['simulated', 'ci_low', 'ci_high', 'error', 'without', 'without_error'],
  choices: {
    kind: ['theory', 'counted', 'published'],
    judgement: ['held', 'failed', 'shown', 'given', 'none'],
  },
};

export const PRICES: Layout<PriceRow> = {
  file: 'prices.csv',
  before: ['scenario', 'datapath'],
  after: ['cost', 'cycles', 'ns', 'per_request', 'kind', 'given_by', 'source'],
  numbers: ['cycles', 'ns', 'per_request'],
  optional: ['cycles', 'ns'],
  choices: {},
};
