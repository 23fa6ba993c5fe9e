/** All that is known of why a datapath does what it does. */
import type { Bound, LittleLaw, StationLaw } from '../../experiment/explain/laws.ts';
import type { Payment } from '../../experiment/explain/payers.ts';
import type { TailGroup } from '../../experiment/explain/tail.ts';
import type { Waterfall } from '../../experiment/explain/waterfall.ts';
import type { StageRow } from '../../experiment/rows.ts';
import type { WhatIf } from '../../experiment/what-if/what-if.ts';

export interface Explanation {
  readonly datapath: string;
  /** By workload; copies of a VM taken together. */
  readonly verdicts: Readonly<Record<string, string>>;
  readonly payments: readonly Payment[];
  readonly stages: readonly StageRow[];
  readonly tails: Readonly<Record<string, readonly TailGroup[]>>;
  readonly stations: readonly StationLaw[];
  readonly little: readonly LittleLaw[];
  readonly bounds: readonly Bound[];
  readonly whatIf: readonly WhatIf[];
}

/** Why `datapath` differs from `against`. */
export interface Difference {
  readonly datapath: string;
  readonly against: string;
  /** Workloads that saturate on one of the two: their latency is of this window alone, and has no bars. */
  readonly saturated: readonly string[];
  /** By workload, ps. */
  readonly mean: Readonly<Record<string, Waterfall>>;
  readonly tail: Readonly<Record<string, Waterfall>>;
  /** Cycles per request of the whole machine. */
  readonly cycles: Waterfall;
}
