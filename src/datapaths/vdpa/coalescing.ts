/**
 * When a device with VIRTIO_NET_F_NOTF_COAL notifies (virtio 1.3 §5.1.6.5.7): `usecs` after the first packet since the
 * last notification, or with packet number `frames`, whichever comes first; at once where either is 0.
 */
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../units.ts';

export interface Coalescing {
  /** ethtool -C: µs. */
  readonly usecs: number;
  /** ethtool -C: packets. */
  readonly frames: number;
}

export class NotificationTimer {
  private readonly sim: Simulation;
  private readonly settings: Coalescing;
  private readonly notify: () => void;
  private readonly expire: Handler;
  private packets = 0;
  private version = 0;

  constructor(sim: Simulation, settings: Coalescing, notify: () => void) {
    this.sim = sim;
    this.settings = settings;
    this.notify = notify;
    this.expire = sim.handler((armed) => {
      if (armed === this.version) this.fire();
    }, 'virtio notification coalescing');
  }

  /** A packet was used. */
  packet(): void {
    const { usecs, frames } = this.settings;
    this.packets++;
    if (usecs === 0 || frames === 0 || this.packets >= frames) this.fire();
    else if (this.packets === 1) {
      this.sim.at((this.sim.now + us(usecs)) as Picoseconds, this.expire, this.version);
    }
  }

  private fire(): void {
    this.packets = 0;
    this.version++;
    this.notify();
  }
}
