/** handle_rx of vhost-net: frames from the tap are copied into the guest's buffers, which are published 65 at a time. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counters } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { Packet } from '../hardware/packets.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, EMPTY } from '../virtio/device-queue.ts';
import { ReceiveChain } from './receive-chain.ts';
import { RingCosts } from './ring-costs.ts';
import { SignalCount } from './signal-count.ts';
import type { VhostBusyPoll } from './vhost-busy-poll.ts';
import { VHOST_NET_BATCH, VHOST_NET_PKT_WEIGHT, VHOST_NET_WEIGHT, type VhostParts } from './vhost-parts.ts';

/** Received buffers are published when more than a batch of them is filled. */
const RX_BATCH = VHOST_NET_BATCH + 1;

interface Costs {
  readonly handler: Cost;
  readonly rx: Cost;
  readonly copy: Cost;
  readonly copyPerByte: Cost;
}

export class VhostReceive {
  private readonly parts: VhostParts;
  private readonly ring: RingCosts;
  private readonly costs: Costs;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly counters: Counters;
  private readonly signals: SignalCount;
  private readonly again: () => boolean;
  private readonly buffers: ReceiveChain;

  /** @param again queues the handler for another run; answers whether that wakes the worker. */
  constructor(books: Accounting, parts: VhostParts, again: () => boolean) {
    const { costs, timeline, counters } = books;
    this.signals = new SignalCount(books, `vhost ${parts.vm} rx`, VHOST_NET_BATCH);
    this.parts = parts;
    this.ring = new RingCosts(books);
    this.costs = {
      handler: costs.cost('vhost.handler'),
      rx: costs.cost('vhost.rx'),
      copy: costs.cost('copy.setup'),
      copyPerByte: costs.cost('copy.perByte'),
    };
    this.stage = timeline.working('vhost: receive');
    this.wait = timeline.waiting('wait: vhost worker, receive');
    this.counters = counters;
    this.again = again;
    this.buffers = new ReceiveChain(parts.rx, parts.memory, parts.mergeable ?? false);
  }

  /** What it took to read the ring since the last call. */
  private chargeRing(cpu: Context): void {
    this.ring.charge(cpu, this.parts.rx);
  }

  private chargeCopy(cpu: Context, packet: Packet, size: number): void {
    const { costs, parts } = this;
    cpu.serve(parts.packets.request[packet], this.stage, this.wait);
    cpu.charge(costs.rx);
    cpu.charge(costs.copy);
    cpu.charge(costs.copyPerByte, size);
  }

  *handle(cpu: Context, poll: VhostBusyPoll | null): Program {
    const { parts, costs } = this;
    const { rx, tap, memory, packets, iotlb } = parts;
    const pages: number[] = [];
    const { queue } = tap;
    let handled = 0;
    let bytes = 0;
    let waitsForGuest = false;
    let stalled = false;
    cpu.charge(costs.handler);
    yield RUN;
    rx.suppressKicks();
    this.signals.run();
    poll?.begin();
    tap.detach();
    const exhausted = (): boolean => handled >= VHOST_NET_PKT_WEIGHT || bytes >= VHOST_NET_WEIGHT;
    let batch = 0;
    for (;;) {
      const before = batch;
      while (batch < RX_BATCH && !exhausted() && queue.length > 0) {
        const packet = queue.peek();
        const size = packets.size[packet];
        const taken = this.buffers.take(size);
        if (taken === BROKEN) {
          stalled = true;
          break;
        }
        if (taken === EMPTY) {
          if (batch > before) break;
          // Too few are no news: only what comes after this counts.
          waitsForGuest = !rx.allowKicks() || this.buffers.short;
          if (waitsForGuest) break;
          rx.suppressKicks();
          continue;
        }
        queue.shift();
        this.chargeCopy(cpu, packet, size);
        if (iotlb !== undefined) pages.push(memory.page(this.buffers.address));
        this.buffers.fill(packet, size);
        batch += this.buffers.count;
        handled++;
        bytes += size;
      }
      // Frames that arrive while these are copied join the batch.
      if (batch > before) {
        cpu.serveNobody();
        this.chargeRing(cpu);
        if (iotlb !== undefined) yield* iotlb.find(cpu, pages.splice(0));
        yield RUN;
        if (batch < RX_BATCH && !exhausted() && !stalled) continue;
      }
      const full = batch >= RX_BATCH;
      if (batch > 0) yield cpu.call(this.publish(cpu, batch));
      batch = 0;
      if (exhausted() || stalled || waitsForGuest) break;
      if (full) continue;
      if (poll === null) break;
      yield cpu.call(poll.fromReceive());
      if (queue.length === 0) break;
      this.signals.early();
    }
    if (stalled) {
      this.chargeRing(cpu);
      countError(this.counters, parts.vm, 'vhost rx', rx.fault);
      tap.detach('ring full, receive queue broken');
      return;
    }
    // Without buffers the tap is not polled: the guest's refill kick brings the worker back.
    if (waitsForGuest) return;
    if (exhausted() || poll?.interrupted) this.again();
    else if (tap.attach(() => this.again())) this.again();
  }

  /** vhost_net_signal_used. */
  private *publish(cpu: Context, buffers: number): Program {
    const { rx, rxInterrupt } = this.parts;
    this.signals.decision(buffers);
    rx.flush();
    if (!rx.shouldSignal()) return;
    this.chargeRing(cpu);
    rxInterrupt.charge(cpu);
    yield RUN;
    rxInterrupt.raise();
  }
}
