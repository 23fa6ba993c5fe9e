/** What packets occupy of a NIC's bus and wire. */
import { type BitsPerSecond, bytes, type Picoseconds, ps, transferTime } from '../../units.ts';
import { FRAME_MAX, serialization } from './frame.ts';
import { isSegmented, lastFrameOf, trainTime } from './segmentation.ts';

interface Rates {
  readonly rate: BitsPerSecond;
  readonly pcieRate: BitsPerSecond;
}

export interface Span {
  readonly onBus: Picoseconds;
  readonly onWire: Picoseconds;
  /** From the start of its transfer over the bus until its frames can follow each other on the wire without a gap. */
  readonly lead: Picoseconds;
}

export class Spans {
  private readonly rates: Rates;
  private lastSize = -1;
  private last: Span = { onBus: ps(0), onWire: ps(0), lead: ps(0) };

  constructor(rates: Rates) {
    this.rates = rates;
  }

  /** Of a packet of `size` bytes; packets of one size follow each other, so the last answer is kept. */
  of(size: number): Span {
    if (this.lastSize !== size) {
      this.lastSize = size;
      this.last = this.calculated(size);
    }
    return this.last;
  }

  /**
   * Of a packet that the NIC cuts into frames (TSO), the first leaves as soon as it is fetched, or a little later where
   * the wire is faster than the bus and would run dry.
   */
  private calculated(size: number): Span {
    const { rate, pcieRate } = this.rates;
    const onBus = transferTime(bytes(size), pcieRate);
    const onWire = trainTime(size, rate);
    if (!isSegmented(size)) return { onBus, onWire, lead: onBus };
    const first = transferTime(bytes(FRAME_MAX), pcieRate);
    const runsDry = onBus - (onWire - serialization(lastFrameOf(size), rate));
    return { onBus, onWire, lead: Math.max(first, runsDry) as Picoseconds };
  }
}
