/** The values among which a capacity is searched, put in order from what is easy to hold to what is hard. */

export interface Scale {
  readonly low: number;
  /** Above `low`. */
  readonly high: number;
  /** Whole numbers only; others must be positive, and are stepped through by factors. */
  readonly whole: boolean;
}

/** Of a load more is worse, of a resource less. */
export type Kind = 'load' | 'resource';

/** Positions rise as things get worse; of a number that need not be whole they are logarithms, so that their distances are shares. */
export class Ladder {
  private readonly scale: Scale;
  private readonly kind: Kind;

  /** @throws RangeError where there is nothing to search among. */
  constructor(scale: Scale, kind: Kind) {
    if (!(scale.low < scale.high)) throw new RangeError('a capacity is searched between two values');
    if (!scale.whole && !(scale.low > 0)) throw new RangeError('the lower end must be above 0');
    this.scale = scale;
    this.kind = kind;
  }

  position(value: number): number {
    const at = this.scale.whole ? value : Math.log(value);
    return this.kind === 'load' ? at : -at;
  }

  value(position: number): number {
    const at = this.kind === 'load' ? position : -position;
    if (this.scale.whole) return at;
    // The ends are exact, whatever logarithms make of them.
    const end = [this.scale.low, this.scale.high].find((value) => this.position(value) === position);
    return end ?? Math.min(Math.max(Math.exp(at), this.scale.low), this.scale.high);
  }

  get easiest(): number {
    return this.position(this.kind === 'load' ? this.scale.low : this.scale.high);
  }

  get hardest(): number {
    return this.position(this.kind === 'load' ? this.scale.high : this.scale.low);
  }
}
