/** The tidy rows of a results folder, named as the CSV columns are: what every chart and table is made from. */
import type { CostRow, StageRow, SummaryRow } from '../experiment/rows.ts';

export type {
  CostRow,
  Point,
  Side,
  StageKind,
  StageRow,
  SummaryRow,
  Swept,
  TrialRow,
} from '../experiment/rows.ts';

/** What charts and tables read; nothing else of a run is known to them. */
export interface Results {
  readonly summary: readonly SummaryRow[];
  readonly costs: readonly CostRow[];
  readonly stages: readonly StageRow[];
}
