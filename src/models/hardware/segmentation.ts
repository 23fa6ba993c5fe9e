/**
 * Packets longer than a frame: TCP hands down up to 64 KiB at once (GSO), and whoever puts it on a wire cuts it into
 * frames of one MSS, each with headers of its own.
 */
import type { BitsPerSecond, Bytes, Picoseconds } from '../../units.ts';
import { FRAME_MAX, serialization } from './frame.ts';

/** Longest packet that goes down the stack in one piece (GSO_MAX_SIZE), bytes with headers. */
export const PACKET_MAX = 65_536 as Bytes;
/** Headers of each frame: Ethernet 14, IPv4 20, TCP with timestamps 32. */
export const TCP_HEADERS = 66;
/** What one frame carries at MTU 1500. */
export const MSS = FRAME_MAX - TCP_HEADERS;
/** Bytes that follow each other in memory: page fragments of order 3 (SKB_FRAG_PAGE_ORDER). */
const FRAGMENT = 32_768;

/** A packet of so many bytes is cut into frames before it is on a wire. */
export const isSegmented = (size: number): boolean => size > FRAME_MAX;

/** Frames that a packet of `size` bytes takes on the wire. */
export const framesOf = (size: number): number => (isSegmented(size) ? segmentsOf(size) : 1);

const segmentsOf = (size: number): number => Math.ceil((size - TCP_HEADERS) / MSS);

/** Size of the last of them; all others have FRAME_MAX. */
export const lastFrameOf = (size: number): number =>
  isSegmented(size) ? size - (framesOf(size) - 1) * MSS : size;

/** Time that all its frames take on a link of `rate`. */
export const trainTime = (size: number, rate: BitsPerSecond): Picoseconds =>
  ((framesOf(size) - 1) * serialization(FRAME_MAX, rate) +
    serialization(lastFrameOf(size), rate)) as Picoseconds;

/**
 * Pieces that a packet has in memory: a frame lies in one; longer ones have their headers apart, then what sendmsg
 * copied into page fragments. Simplification: none begins in the middle of a page fragment, so that there is never one more.
 */
export const piecesOf = (size: number): number => (isSegmented(size) ? 1 + fragmentsOf(size) : 1);

const fragmentsOf = (size: number): number => Math.ceil((size - TCP_HEADERS) / FRAGMENT);

/** Bytes of the piece numbered `i`, from 0 on, of a packet that is cut into frames. */
export const pieceSize = (size: number, i: number): number =>
  i === 0 ? TCP_HEADERS : Math.min(FRAGMENT, size - TCP_HEADERS - (i - 1) * FRAGMENT);

/** Descriptors for all pieces of a packet that is to be cut, where one names at most `most` bytes. */
export const descriptorsOf = (size: number, most: number): number => {
  let descriptors = 0;
  for (let i = 0; i < piecesOf(size); i++) descriptors += Math.ceil(pieceSize(size, i) / most);
  return descriptors;
};
