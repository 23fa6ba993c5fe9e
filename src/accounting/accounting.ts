/** The books of one trial: prices, who spent what, and where each request's time went. */
import type { CostTable } from './cost.ts';
import { Counters } from './counters.ts';
import { Invariants } from './invariants.ts';
import { Ledger } from './ledger.ts';
import { Timeline } from './timeline.ts';

export class Accounting {
  readonly costs: CostTable;
  readonly ledger: Ledger;
  readonly timeline = new Timeline();
  readonly counters = new Counters();
  readonly invariants = new Invariants();

  constructor(costs: CostTable) {
    this.costs = costs;
    this.ledger = new Ledger(costs);
  }
}
