/** Pooled packets: what a frame on its way carries, as parallel arrays indexed by packet. */
import { InvariantError } from '../../accounting/invariant.ts';
import { NO_REQUEST, type Request } from '../../accounting/timeline.ts';
import { FRAME_MAX } from './frame.ts';
import { framesOf, lastFrameOf, TCP_HEADERS } from './segmentation.ts';

/** Index of a packet in the pool. */
export type Packet = number;

/** Packets alive at once in one trial: every ring, queue and link together hold fewer. */
const PACKETS_MAX = 1 << 21;

const COLUMNS = ['size', 'request', 'flow', 'via', 'page', 'train', 'whole'] as const;

export class Packets {
  private capacity = 1024;
  private used = 0;
  private readonly free: number[] = [];
  /** Frame without FCS, or packet that is yet to be cut into frames, bytes. */
  size = new Int32Array(this.capacity);
  /** The request that the packet carries, or NO_REQUEST. */
  request = new Int32Array(this.capacity);
  /** The workload (its endpoint number) that the packet belongs to. */
  flow = new Int32Array(this.capacity);
  /** Number of the NIC function that transmits it. */
  via = new Int32Array(this.capacity);
  /** Page of the buffer that it lies in, as the device addresses it; 0 until a driver says so. */
  page = new Int32Array(this.capacity);
  /** Of a frame that software cut from a longer packet: the number of that packet, from 1 on; else 0. */
  train = new Int32Array(this.capacity);
  /** Of the last frame of a train: size of the packet that it was; else 0. */
  whole = new Int32Array(this.capacity);
  private trains = 0;

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
    const copied = this.create(this.size[packet], this.request[packet], this.flow[packet]);
    if (this.train[packet] !== 0) {
      this.train[copied] = this.train[packet];
      this.whole[copied] = this.whole[packet];
    }
    return copied;
  }

  /**
   * skb_gso_segment: cuts a packet into the frames that it takes on a wire; the last one carries its request on.
   * The packet itself is no more. What GRO had merged becomes frames of the same train again.
   */
  segment(packet: Packet): readonly Packet[] {
    const { size, flow, request, train, whole } = this;
    const [bytes, owner, last] = [size[packet], flow[packet], request[packet]];
    const merged = train[packet] !== 0;
    const number = merged ? train[packet] : ++this.trains;
    const ends = merged ? whole[packet] : bytes;
    this.release(packet);
    return Array.from({ length: framesOf(bytes) }, (_, i) => {
      const final = i === framesOf(bytes) - 1;
      const frame = this.create(final ? lastFrameOf(bytes) : FRAME_MAX, final ? last : NO_REQUEST, owner);
      this.train[frame] = number;
      if (final) this.whole[frame] = ends;
      return frame;
    });
  }

  /** skb_gro_receive: `packet`, which ends, becomes the rest of `before`, whose train it follows. */
  append(before: Packet, packet: Packet): void {
    this.size[before] += this.size[packet] - TCP_HEADERS;
    this.request[before] = this.request[packet];
    this.whole[before] = this.whole[packet];
    this.release(packet);
  }

  release(packet: Packet): void {
    if (this.train[packet] !== 0) this.train[packet] = this.whole[packet] = 0;
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
    for (const column of COLUMNS) {
      const wider = new Int32Array(this.capacity);
      wider.set(this[column]);
      this[column] = wider;
    }
  }
}
