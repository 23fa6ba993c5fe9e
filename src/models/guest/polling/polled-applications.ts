/** The workloads of a polling guest: as those above a socket, but each runs to completion inside the poll loop. */

import type { Picoseconds } from '../../../units.ts';
import type { Packet } from '../../hardware/packets.ts';
import type { Batching } from '../applications/batch-sender.ts';
import type { Arrivals } from '../arrivals.ts';

import { type Loop, PolledApplication, type PolledEndpoint } from './polled-application.ts';

const NEVER = Number.POSITIVE_INFINITY;
const EACH_BY_ITSELF: Batching = { size: 1, flush: 0 as Picoseconds };

/** Sends at the times of an arrival process; with a batch, it buffers packets as rte_eth_tx_buffer does (open loop). */
export class PolledSender extends PolledApplication {
  due = 0;
  private readonly arrivals: Arrivals;
  private readonly batching: Batching;
  private readonly gathered: Picoseconds[] = [];
  private following: Picoseconds;

  constructor(loop: Loop, endpoint: PolledEndpoint, arrivals: Arrivals, batching = EACH_BY_ITSELF) {
    super(loop, endpoint);
    this.arrivals = arrivals;
    this.batching = batching;
    this.following = arrivals.next();
    this.gather();
  }

  /** Intended start of the next request; how far it lies back is the sender's lag. */
  get intended(): Picoseconds {
    return this.gathered[0];
  }

  private gather(): void {
    const { arrivals, batching, gathered } = this;
    const latest = this.following + batching.flush;
    while (gathered.length < batching.size && this.following <= latest) {
      gathered.push(this.following);
      this.following = arrivals.next();
    }
    this.due = gathered.length === batching.size ? gathered[gathered.length - 1] : latest;
  }

  protected begin(): Picoseconds {
    const intended = this.gathered.shift() as Picoseconds;
    if (this.gathered.length === 0) this.gather();
    return intended;
  }
}

/** Takes what arrives (open-loop receive). */
export class PolledReceiver extends PolledApplication {
  readonly due = NEVER;

  protected begin(): never {
    throw new RangeError('a receiver sends nothing');
  }
}

/** Sends a request, waits for the response, thinks, and starts over: one outstanding. */
export class PolledClient extends PolledApplication {
  due: number;
  private readonly think: Picoseconds;

  constructor(loop: Loop, endpoint: PolledEndpoint, think: Picoseconds) {
    super(loop, endpoint);
    this.due = loop.sim.now;
    this.think = think;
  }

  protected begin(): Picoseconds {
    const intended = this.due as Picoseconds;
    this.due = NEVER;
    return intended;
  }

  override received(packet: Packet): void {
    super.received(packet);
    this.due = this.loop.sim.now + this.think;
  }
}

/** Sends as fast as the ring takes it; there is no send buffer of a kernel that would hold it back. */
export class PolledStream extends PolledApplication {
  get due(): number {
    return 0;
  }

  protected begin(): Picoseconds {
    return this.loop.sim.now;
  }
}
