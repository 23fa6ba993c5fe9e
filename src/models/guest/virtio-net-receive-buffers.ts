/**
 * Buffers that virtio_net offers for receive (add_recvbuf_mergeable, add_recvbuf_small, add_recvbuf_big). Which kind it
 * is follows from the features: mergeable buffers where MRG_RXBUF was negotiated; otherwise big ones, of 64 KiB, where the
 * device may hand over packets that were not cut at the MTU, and small ones where it may not.
 */
import type { DriverQueue } from '../virtio/driver-queue.ts';

export type ReceiveKind = 'mergeable' | 'small' | 'big';

/** A frame at the usual MTU with a VLAN tag (GOOD_PACKET_LEN). */
const GOOD_PACKET_LEN = 1518;
/** The longest packet: IP_MAX_MTU with Ethernet and VLAN headers. */
const LONGEST = 65_535 + 14 + 4;
/** Weight of the mean packet length, 64, as a power of two (DECLARE_EWMA(pkt_len, 0, 64)). */
const WEIGHT = 6;
const CACHE_LINE = 64;
const PAGE = 4096;
/** Pieces of a big buffer: a header, the rest of its page, and MAX_SKB_FRAGS pages. */
const BIG_PIECES = 19;
/** In the page of a big buffer: where its data begin, and where the table of its pieces is. */
const DATA_OFFSET = 64;
const TABLE_OFFSET = 1024;

export class ReceiveBuffers {
  private readonly queue: DriverQueue;
  private readonly kind: ReceiveKind;
  private readonly header: number;
  private readonly slots: number;
  /** Mean length of what was received, bytes; 0: nothing was. */
  private mean = 0;

  /** @param header bytes before each packet. @param indirect big buffers have a table of their pieces. */
  constructor(queue: DriverQueue, kind: ReceiveKind, header: number, indirect: boolean) {
    this.queue = queue;
    this.kind = kind;
    this.header = header;
    this.slots = kind === 'big' && !indirect ? BIG_PIECES : 1;
  }

  /** Another buffer can be offered. */
  get room(): boolean {
    const { queue } = this;
    return queue.numFree >= this.slots && queue.fault === null;
  }

  /** Offers the buffer at `address`, which is its token. */
  add(address: number): void {
    if (this.kind === 'big') this.addBig(address);
    else this.queue.addOne(address, this.length, true, address);
  }

  /** ewma_pkt_len_add: a packet of `bytes` was received. */
  received(bytes: number): void {
    this.mean = this.mean === 0 ? bytes : ((this.mean << WEIGHT) - this.mean + bytes) >> WEIGHT;
  }

  /** get_mergeable_buf_len: mergeable buffers follow the mean, between a frame and a page. */
  private get length(): number {
    const { header, kind, mean, queue } = this;
    if (kind === 'small') return header + GOOD_PACKET_LEN;
    const least = Math.max(GOOD_PACKET_LEN, Math.ceil((header + LONGEST) / queue.size));
    const data = Math.min(Math.max(mean, least), PAGE - header);
    return Math.ceil((header + data) / CACHE_LINE) * CACHE_LINE;
  }

  /** Simplification: the pages behind the first are all the same one; nobody looks at their contents. */
  private addBig(address: number): void {
    const pages = Array.from({ length: BIG_PIECES - 2 }, () => ({ address, length: PAGE, writable: true }));
    const pieces = [
      { address, length: this.header, writable: true },
      { address: address + DATA_OFFSET, length: PAGE - DATA_OFFSET, writable: true },
      ...pages,
    ];
    this.queue.add(pieces, address, address + TABLE_OFFSET);
  }
}
