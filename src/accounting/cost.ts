/** Named prices: components charge costs, never figures; the figures live in machine profiles. */
import { log } from '../kernel/elementary.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { Picoseconds } from '../units.ts';

/** What one occurrence of a cost takes. A distribution is drawn anew for each occurrence. */
export interface Price {
  /** Constant part, or the mean where a distribution is given. */
  readonly fixed: Picoseconds;
  /** Lognormal with mean `fixed` and this coefficient of variation; 0 is constant. */
  readonly variation?: number;
  /** With this probability (per occurrence) the price grows by `stall`. */
  readonly stallProbability?: number;
  readonly stall?: Picoseconds;
  /** Lognormal with median `fixed` and this sigma; excludes `variation`. */
  readonly sigma?: number;
}

/** A cost in force: a name, its index in every ledger, and its price in integer picoseconds. */
export interface Cost {
  readonly id: number;
  readonly name: string;
  readonly price: Picoseconds;
  /** Present only where the price is drawn per occurrence. */
  readonly draw: (() => Picoseconds) | null;
}

const drawing = (
  price: Price,
  stream: RandomStream,
  stalls: { value: number },
): (() => Picoseconds) | null => {
  const { fixed, variation = 0, stallProbability = 0, stall = 0, sigma = 0 } = price;
  if (variation === 0 && stallProbability === 0 && sigma === 0) return null;
  // Lognormal with mean m and coefficient of variation c: sigma^2 = ln(1 + c^2), median = m / sqrt(1 + c^2).
  const spread = sigma > 0 ? sigma : Math.sqrt(log1pSquare(variation));
  const median = sigma > 0 ? fixed : fixed / Math.sqrt(1 + variation * variation);
  return () => {
    const base = spread > 0 ? stream.lognormal(median, spread) : fixed;
    const stalled = stallProbability > 0 && stream.bernoulli(stallProbability);
    if (stalled) stalls.value++;
    return Math.round(base + (stalled ? stall : 0)) as Picoseconds;
  };
};

/** ln(1 + c²) by the kernel's own logarithm, so that every Node draws the same bytes. */
const log1pSquare = (c: number): number => log(1 + c * c);

/** All costs of one trial, by name. */
export class CostTable {
  private readonly byName = new Map<string, Cost>();
  readonly names: readonly string[];
  /** Occurrences that stalled, of all costs. */
  readonly stalls = { value: 0 };

  /** @param stream names a random stream per cost, so that one cost's draws never shift another's. */
  constructor(prices: ReadonlyMap<string, Price>, stream: (name: string) => RandomStream) {
    this.names = [...prices.keys()];
    for (const [name, price] of prices) {
      const draw = drawing(price, stream(`cost ${name}`), this.stalls);
      this.byName.set(name, { id: this.byName.size, name, price: price.fixed, draw });
    }
  }

  get size(): number {
    return this.byName.size;
  }

  /** @throws RangeError when the machine profile has no such cost: a component asked for an unknown name. */
  cost(name: string): Cost {
    const cost = this.byName.get(name);
    if (cost === undefined) throw new RangeError(`no cost named "${name}" in the machine profile`);
    return cost;
  }
}
