/**
 * handle_tx_zerocopy of vhost-net (module parameter experimental_zcopytx): frames go out one by one, the longer ones from the
 * guest's own pages, which are pinned; their buffers are returned, in order, when the NIC's driver has let go of them. What
 * is short, or too much at once, is copied and returned at once.
 *
 * Simplifications: nobody on the way copies a pinned frame after all, so that none fails (tx_zcopy_err); of many that are
 * done at once 64 are published together; a payload lies in as few pages as it can; a run that finds one more frame while it
 * allows kicks leaves it to the next run, as handle_tx_copy does.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import { BROKEN, EMPTY } from '../virtio/device-queue.ts';
import { takeFrame } from './guest-frame.ts';
import type { VhostBusyPoll } from './vhost-busy-poll.ts';
import type { VhostParts } from './vhost-parts.ts';
import { VhostTransmitHandler } from './vhost-transmit-handler.ts';

/** Shorter packets are copied (VHOST_GOODCOPY_LEN). */
const PINNED_MIN = 256;
/** Packets under way at most, and at most a quarter of the ring (VHOST_MAX_PEND). */
const MAX_PEND = 128;
/** Bytes that are copied all the same, for the headers (GOODCOPY_LEN of drivers/net/tun.c). */
const LINEAR = 128;
const PAGE = 4096;
/** The worker hears of each so many, besides of the last one. */
const TRIGGER = 16;

export class VhostZerocopy extends VhostTransmitHandler {
  private readonly pin: Cost;
  /** Pinned packets whose buffers are not returned, oldest first, and their heads in the ring. */
  private readonly underWay: { readonly head: number; done: boolean }[] = [];
  /** Of these, those that the NIC's driver has not let go of. */
  private pending = 0;
  private readonly queue: () => boolean;

  /** @param queue queues the handler for another run; answers whether that wakes the worker. */
  constructor(books: Accounting, parts: VhostParts, queue: () => boolean) {
    super(books, parts, queue, 1);
    this.queue = queue;
    this.pin = books.costs.cost('vhost.pin');
  }

  private get pins(): boolean {
    return this.underWay.length <= Math.min(MAX_PEND, this.parts.tx.size >> 2);
  }

  override *handle(cpu: Context, poll: VhostBusyPoll | null): Program {
    const { tx, memory, iotlb } = this.parts;
    const outer = cpu.mode;
    yield cpu.call(this.begin(cpu, poll));
    while (!this.exhausted) {
      yield cpu.call(this.returnDone(cpu));
      let head = tx.pop();
      if (head === EMPTY && poll !== null) {
        yield cpu.call(poll.fromTransmit());
        head = tx.pop();
      }
      if (head < 0) {
        this.stalled = head === BROKEN;
        break;
      }
      const page = memory.page(tx.address[0]);
      this.take(cpu, head);
      if (iotlb !== undefined) yield* iotlb.find(cpu, [page]);
      yield RUN;
      yield cpu.call(this.send(cpu, outer));
      if (this.taken > 0) yield cpu.call(this.returnBuffers(cpu, this.taken));
    }
    this.end(poll);
  }

  /** Charges what it takes to hand the frame at `head` over, pinned or copied. */
  private take(cpu: Context, head: number): void {
    const { parts, costs } = this;
    const { tx, memory, packets, network } = parts;
    const frame = takeFrame(tx, memory, packets);
    const size = packets.size[frame];
    this.serve(cpu, frame);
    cpu.charge(costs.tx);
    cpu.charge(costs.copy);
    if (size >= PINNED_MIN && this.pins) {
      cpu.charge(costs.copyPerByte, LINEAR);
      cpu.charge(this.pin, Math.ceil((size - LINEAR) / PAGE));
      const packet = { head, done: false };
      this.underWay.push(packet);
      this.pending++;
      network.whenFreed(frame, () => this.freed(packet));
    } else {
      cpu.charge(costs.copyPerByte, size);
      this.heads[this.taken++] = head;
    }
    this.handled++;
    this.bytes += size;
    cpu.serveNobody();
    this.chargeRing(cpu);
    this.frames[0] = frame;
    this.batch = 1;
    this.batches.add(1);
  }

  /** vhost_zerocopy_callback. @returns whether it wakes the worker. */
  private freed(packet: { done: boolean }): boolean {
    packet.done = true;
    this.pending--;
    return (this.pending === 0 || (this.pending + 1) % TRIGGER === 0) && this.queue();
  }

  /** vhost_zerocopy_signal_used: returns the buffers of the oldest packets that are done. */
  private *returnDone(cpu: Context): Program {
    while (this.underWay[0]?.done) {
      while (this.underWay[0]?.done && this.taken < this.heads.length) {
        this.heads[this.taken++] = (this.underWay.shift() as { head: number }).head;
      }
      yield cpu.call(this.returnBuffers(cpu, this.taken));
    }
  }
}
