/** Pooled packets: what a frame on its way carries, as parallel arrays indexed by packet. */
import { InvariantError } from '../../accounting/invariant.ts';
import type { Request } from '../../accounting/timeline.ts';

/** Index of a packet in the pool. */
export type Packet = number;

/** Packets alive at once in one trial: every ring, queue and link together hold fewer. */
const PACKETS_MAX = 1 << 21;

export class Packets {
  private capacity = 1024;
  private used = 0;
  private readonly free: number[] = [];
  /** Frame without FCS, bytes. */
  size = new Int32Array(this.capacity);
  /** The request that the packet carries, or NO_REQUEST. */
  request = new Int32Array(this.capacity);
  /** The workload (its endpoint number) that the packet belongs to. */
  flow = new Int32Array(this.capacity);
  /** Number of the NIC function that transmits it. */
  via = new Int32Array(this.capacity);
  /** Page of the buffer that it lies in, as the device addresses it; 0 until a driver says so. */
  page = new Int32Array(this.capacity);

  /** Packets alive, for the conservation check. */
  get alive(): number {
    return this.used - this.free.length;
  }

  create(size: number, request: Request, flow: number): Packet {
    const packet = this.free.pop() ?? this.fresh();
    this.size[packet] = size;
    this.request[packet] = request;
    this.flow[packet] = flow;
    this.page[packet] = 0;
    return packet;
  }

  /** Another packet with the same content: what a copy between guest and host makes. */
  copy(packet: Packet): Packet {
    return this.create(this.size[packet], this.request[packet], this.flow[packet]);
  }

  release(packet: Packet): void {
    this.free.push(packet);
  }

  private fresh(): Packet {
    if (this.used === this.capacity) this.grow();
    return this.used++;
  }

  private grow(): void {
    if (this.capacity >= PACKETS_MAX)
      throw new InvariantError(`more than ${PACKETS_MAX} packets alive: one leaks`);
    this.capacity *= 2;
    const { size, request, flow, via, page } = this;
    this.size = new Int32Array(this.capacity);
    this.request = new Int32Array(this.capacity);
    this.flow = new Int32Array(this.capacity);
    this.size.set(size);
    this.request.set(request);
    this.flow.set(flow);
    this.via = new Int32Array(this.capacity);
    this.via.set(via);
    this.page = new Int32Array(this.capacity);
    this.page.set(page);
  }
}
