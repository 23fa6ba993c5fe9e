/** Who spent what: one account per (core, payer), indexed by cost; charges and idle time close on every core. */
import type { CostTable } from './cost.ts';

/** An account has three planes: a vCPU's own work, KVM on its behalf, and QEMU on its behalf. */
export const PLANES = ['own', 'vcpu-k', 'vcpu-u'] as const;

/** Busy time (ps) and occurrences by cost, of one context while it ran on one core. */
export class Account {
  readonly core: string;
  /** The thread or interrupt level that ran, e.g. `vhost web` or `web vcpu0 softirq`. */
  readonly payer: string;
  /** Whether the payer is guest code (its planes 1 and 2 are then host work on its behalf). */
  readonly guest: boolean;
  /** ps, at [plane × costs + cost]; exact below 2^53. */
  readonly spent: Float64Array;
  /** Completed occurrences, same index. A segment cut by a preemption counts when its last part ends. */
  readonly count: Float64Array;

  constructor(core: string, payer: string, guest: boolean, costs: number) {
    this.core = core;
    this.payer = payer;
    this.guest = guest;
    this.spent = new Float64Array(costs * PLANES.length);
    this.count = new Float64Array(costs * PLANES.length);
  }

  get total(): number {
    let sum = 0;
    for (const ps of this.spent) sum += ps;
    return sum;
  }
}

/** What the ledger held at one instant, so that the warm-up can be taken off exactly. */
export interface LedgerSnapshot {
  readonly accounts: readonly { readonly spent: Float64Array; readonly count: Float64Array }[];
  readonly idle: ReadonlyMap<string, number>;
}

/** One line of spending between a snapshot and now. */
export interface Spending {
  readonly core: string;
  readonly payer: string;
  readonly side: 'guest' | 'host';
  /** `own`, or `vcpu-k` / `vcpu-u` for host work on a vCPU's behalf. */
  readonly plane: (typeof PLANES)[number];
  readonly cost: string;
  readonly busy: number;
  readonly count: number;
}

/** All accounts of one trial. */
export class Ledger {
  readonly costs: CostTable;
  private readonly accounts: Account[] = [];
  private readonly index = new Map<string, Account>();
  /** Idle time per core, ps; up to date when the core has settled its books. */
  readonly idle = new Map<string, number>();

  constructor(costs: CostTable) {
    this.costs = costs;
  }

  /** The account of `payer` on `core`; made on first use. */
  account(core: string, payer: string, guest: boolean): Account {
    const key = `${core}\u0000${payer}`;
    let account = this.index.get(key);
    if (account === undefined) {
      account = new Account(core, payer, guest, this.costs.size);
      this.accounts.push(account);
      this.index.set(key, account);
    }
    return account;
  }

  snapshot(): LedgerSnapshot {
    return {
      accounts: this.accounts.map(({ spent, count }) => ({ spent: spent.slice(), count: count.slice() })),
      idle: new Map(this.idle),
    };
  }

  /** Everything spent since `before` (or ever), in the order in which accounts were opened. */
  spending(before?: LedgerSnapshot): Spending[] {
    const lines: Spending[] = [];
    const { names } = this.costs;
    this.accounts.forEach((account, a) => {
      const earlier = before?.accounts[a];
      PLANES.forEach((plane, p) => {
        names.forEach((cost, c) => {
          const at = p * names.length + c;
          const busy = account.spent[at] - (earlier?.spent[at] ?? 0);
          const count = account.count[at] - (earlier?.count[at] ?? 0);
          if (busy === 0 && count === 0) return;
          const side = account.guest && plane === 'own' ? 'guest' : 'host';
          lines.push({ core: account.core, payer: account.payer, side, plane, cost, busy, count });
        });
      });
    });
    return lines;
  }

  /** Busy time of `core` since `before`, ps. */
  busy(core: string, before?: LedgerSnapshot): number {
    return this.spending(before).reduce((sum, line) => (line.core === core ? sum + line.busy : sum), 0);
  }
}
