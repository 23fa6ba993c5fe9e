/** Interrupt moderation of one NIC vector: when a completion becomes an interrupt. */
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';

/**
 * `off`: at once. `hold-off`: `gap` after the first completion (rx-usecs of a timer that starts with it).
 * `throttle`: at least `gap` between interrupts, the first after a pause at once (ITR and EITR of Intel NICs).
 */
export interface Moderation {
  readonly kind: 'off' | 'hold-off' | 'throttle';
  /** For received frames. */
  readonly gap: Picoseconds;
  /** For transmitted frames: their completion is less urgent. */
  readonly txGap: Picoseconds;
}

export type Completion = 'rx' | 'tx';

export class ModeratedVector {
  private readonly sim: Simulation;
  private readonly moderation: Moderation;
  private readonly raise: () => void;
  private readonly expire: Handler;
  /** When the armed timer expires; infinity: not armed. */
  private armedFor = Number.POSITIVE_INFINITY;
  private masked = false;
  private wanted = false;
  private lastRaised = Number.NEGATIVE_INFINITY;

  constructor(sim: Simulation, name: string, moderation: Moderation, raise: () => void) {
    this.sim = sim;
    this.moderation = moderation;
    this.raise = raise;
    this.expire = sim.handler((at) => {
      if (at !== this.armedFor) return;
      this.armedFor = Number.POSITIVE_INFINITY;
      this.fire();
    }, `${name} moderation`);
  }

  /** A completion was written back. */
  request(completion: Completion): void {
    this.wanted = true;
    if (this.masked) return;
    const { now } = this.sim;
    const { kind, gap, txGap } = this.moderation;
    const wait = completion === 'rx' ? gap : txGap;
    if (kind === 'off') this.fire();
    else if (kind === 'hold-off') this.arm(now + wait);
    else if (this.lastRaised + wait <= now) this.fire();
    else this.arm(this.lastRaised + wait);
  }

  /** An earlier expiry stands; a later one is replaced. */
  private arm(at: number): void {
    if (at >= this.armedFor) return;
    this.armedFor = at;
    this.sim.at(at as Picoseconds, this.expire, at);
  }

  /** The vector masks itself when it fires (EIAM): NAPI unmasks it. */
  private fire(): void {
    if (this.masked || !this.wanted) return;
    this.masked = true;
    this.wanted = false;
    this.lastRaised = this.sim.now;
    this.raise();
  }

  /** NAPI is done: completions that came since count again. */
  unmask(received: boolean, transmitted: boolean): void {
    this.masked = false;
    this.wanted = false;
    this.armedFor = Number.POSITIVE_INFINITY;
    if (transmitted) this.request('tx');
    if (received) this.request('rx');
  }
}
