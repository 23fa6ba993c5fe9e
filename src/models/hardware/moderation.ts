/** Interrupt moderation of one NIC vector: when a completion becomes an interrupt. */
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';

/**
 * `off`: at once. `hold-off`: `gap` after the first completion (rx-usecs of a timer that starts with it).
 * `throttle`: at least `gap` between interrupts, the first after a pause at once (Intel ITR, network-path.md §7.2).
 */
export interface Moderation {
  readonly kind: 'off' | 'hold-off' | 'throttle';
  readonly gap: Picoseconds;
}

export class ModeratedVector {
  private readonly sim: Simulation;
  private readonly moderation: Moderation;
  private readonly raise: () => void;
  private readonly expire: Handler;
  private armed = false;
  private masked = false;
  private wanted = false;
  private lastRaised = Number.NEGATIVE_INFINITY;

  constructor(sim: Simulation, name: string, moderation: Moderation, raise: () => void) {
    this.sim = sim;
    this.moderation = moderation;
    this.raise = raise;
    this.expire = sim.handler(() => {
      this.armed = false;
      this.fire();
    }, `${name} moderation`);
  }

  /** A completion was written back. */
  request(): void {
    this.wanted = true;
    if (this.masked || this.armed) return;
    const { now } = this.sim;
    const { kind, gap } = this.moderation;
    if (kind === 'off') this.fire();
    else if (kind === 'hold-off') this.arm(now + gap);
    else if (this.lastRaised + gap <= now) this.fire();
    else this.arm(this.lastRaised + gap);
  }

  private arm(at: number): void {
    this.armed = true;
    this.sim.at(at as Picoseconds, this.expire);
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
  unmask(pending: boolean): void {
    this.masked = false;
    this.wanted = false;
    if (pending) this.request();
  }
}
