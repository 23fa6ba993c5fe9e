/**
 * handle_tx_copy of vhost-net: pop and copy up to 64 buffers, then each frame pays for tun, bridge and NIC driver in the
 * worker's own context, then all are returned together and the guest is perhaps interrupted. A packet that does not fit in
 * a page, with what an skb needs, is no part of a batch: the frames at hand go first, and are returned; it is sent by
 * itself, and is returned with the next ones.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { Mode } from '../hardware/mode.ts';
import type { Packet } from '../hardware/packets.ts';
import { BROKEN } from '../virtio/device-queue.ts';
import { VIRTIO_NET_HEADER } from '../virtio/net-buffer.ts';
import { takeFrame } from './guest-frame.ts';
import type { VhostBusyPoll } from './vhost-busy-poll.ts';
import { VHOST_NET_BATCH, type VhostParts } from './vhost-parts.ts';
import { VhostTransmitHandler } from './vhost-transmit-handler.ts';

/** A frame is batched if it fits in a page with the room that skbs keep in front of it (64 B) and skb_shared_info (320 B). */
const BATCHED_MAX = 4096 - 64 - 320 - VIRTIO_NET_HEADER;
/** No large packet is in hand. */
const NONE = -1;

export class VhostTransmit extends VhostTransmitHandler {
  /** A packet was popped that goes by itself, after the batch; NONE: none was. */
  private large: Packet = NONE;
  /** Where the device finds them, behind a guest's IOMMU. */
  private readonly pages: number[] = [];

  constructor(books: Accounting, parts: VhostParts, again: () => void) {
    super(books, parts, again, VHOST_NET_BATCH);
  }

  private get batchOpen(): boolean {
    return this.taken < VHOST_NET_BATCH && this.large === NONE && !this.exhausted && !this.stalled;
  }

  /** Takes what is in the ring into the batch and charges the copies. @returns whether there was anything. */
  private copyFrames(cpu: Context): boolean {
    const { parts, costs } = this;
    const { tx, memory, packets } = parts;
    const before = this.taken;
    while (this.batchOpen) {
      const head = tx.pop();
      if (head < 0) {
        this.stalled = head === BROKEN;
        break;
      }
      if (parts.iotlb !== undefined) this.pages.push(memory.page(tx.address[0]));
      const frame = takeFrame(tx, memory, packets);
      const size = packets.size[frame];
      this.serve(cpu, frame);
      cpu.charge(costs.tx);
      if (size > BATCHED_MAX) this.large = frame;
      else {
        cpu.charge(costs.copy);
        cpu.charge(costs.copyPerByte, size);
        this.frames[this.batch++] = frame;
      }
      this.heads[this.taken++] = head;
      this.handled++;
      this.bytes += size;
    }
    cpu.serveNobody();
    this.chargeRing(cpu);
    return this.taken > before;
  }

  *handle(cpu: Context, poll: VhostBusyPoll | null): Program {
    const { tx, iotlb } = this.parts;
    // The worker's own mode, or the exit of a vCPU that does the worker's job itself (`inlineBackend`).
    const outer = cpu.mode;
    yield cpu.call(this.begin(cpu, poll));
    for (let full = true; full && !this.exhausted && !this.stalled; ) {
      this.batch = 0;
      // Buffers that are added while these are copied join the batch.
      while (this.batchOpen && this.copyFrames(cpu)) {
        if (iotlb !== undefined) yield* iotlb.find(cpu, this.pages.splice(0));
        yield RUN;
      }
      if (this.batch > 0) {
        this.batches.add(this.batch);
        yield cpu.call(this.send(cpu, outer));
      }
      // The run ends where the ring was found empty; what came while its frames were sent is for the next one.
      full = this.taken === VHOST_NET_BATCH || this.large !== NONE;
      const returned = this.large === NONE ? this.taken : this.taken - 1;
      if (returned > 0) yield cpu.call(this.returnBuffers(cpu, returned));
      if (this.large !== NONE) yield cpu.call(this.sendLarge(cpu, outer));
      if (poll !== null && !full && !this.stalled && !this.exhausted) {
        yield cpu.call(poll.fromTransmit());
        full = tx.availableNow;
        if (full) this.signals.early();
      }
    }
    if (this.taken > 0) yield cpu.call(this.returnBuffers(cpu, this.taken));
    this.end(poll);
  }

  /** sendmsg of one packet, which is copied into an skb on its way. */
  private *sendLarge(cpu: Context, outer: Mode): Program {
    const { packets } = this.parts;
    this.serve(cpu, this.large);
    cpu.charge(this.costs.copy);
    cpu.charge(this.costs.copyPerByte, packets.size[this.large]);
    this.signals.early();
    this.frames[0] = this.large;
    this.batch = 1;
    this.large = NONE;
    yield cpu.call(this.send(cpu, outer));
  }
}
