/** Linux e1000's dynamic interrupt throttling (e1000_update_itr, InterruptThrottleRate 3). */

type Latency = 'lowest' | 'low' | 'bulk';

/** Interrupts per second by class; mode 3 (conservative) never goes to `lowest`. */
const RATE: Record<Latency, number> = { lowest: 70_000, low: 20_000, bulk: 4_000 };
const ORDER: readonly Latency[] = ['lowest', 'low', 'bulk'];

/** The class after an interval in which `packets` with `bytes` in all were handled. */
export const nextClass = (now: Latency, packets: number, bytes: number): Latency => {
  if (packets === 0) return now;
  const average = bytes / packets;
  switch (now) {
    case 'lowest':
      if (average > 8000) return 'bulk';
      return packets < 5 && bytes > 512 ? 'low' : 'lowest';
    case 'low':
      if (bytes > 10_000) {
        if (average > 8000) return 'bulk';
        if (packets < 10 || average > 1200) return 'bulk';
        return packets > 35 ? 'lowest' : 'low';
      }
      if (average > 2000) return 'bulk';
      return packets <= 2 && bytes < 512 ? 'lowest' : 'low';
    case 'bulk':
      if (bytes > 25_000) return packets > 35 ? 'low' : 'bulk';
      return bytes < 6000 ? 'low' : 'bulk';
  }
};

export class E1000Itr {
  private tx: Latency = 'low';
  private rx: Latency = 'low';
  /** Interrupts per second now in force. */
  rate = RATE.low;

  /** @returns the value to write to ITR (256 ns units), or null where it stays. */
  update(
    sent: { packets: number; bytes: number },
    received: { packets: number; bytes: number },
  ): number | null {
    this.tx = nextClass(this.tx, sent.packets, sent.bytes);
    this.rx = nextClass(this.rx, received.packets, received.bytes);
    if (this.tx === 'lowest') this.tx = 'low';
    if (this.rx === 'lowest') this.rx = 'low';
    const slower = ORDER[Math.max(ORDER.indexOf(this.tx), ORDER.indexOf(this.rx))];
    const wanted = RATE[slower];
    if (wanted === this.rate) return null;
    // A rising rate is approached in steps.
    this.rate = wanted > this.rate ? Math.min(this.rate + Math.floor(wanted / 4), wanted) : wanted;
    return itrUnits(this.rate);
  }
}

/** ITR register value for `rate` interrupts per second. */
export const itrUnits = (rate: number): number => Math.floor(1e9 / (rate * 256));
