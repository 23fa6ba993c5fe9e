/** What an Ethernet frame occupies on the wire. */
import { type BitsPerSecond, type Bytes, bytes, type Picoseconds, transferTime } from '../../units.ts';

/** Shortest frame without FCS; shorter payloads are padded (IEEE 802.3). */
export const FRAME_MIN = 60;
/** Longest frame without FCS at MTU 1500. */
export const FRAME_MAX = 1514;
const FCS = 4;
/** Preamble and start delimiter 8 B, inter-frame gap 12 B. */
const PREAMBLE_AND_GAP = 20;

/** Time that a frame of `size` bytes (without FCS) takes on a link of `rate`, gap included. */
export const serialization = (size: number, rate: BitsPerSecond): Picoseconds =>
  transferTime(bytes(Math.max(size, FRAME_MIN) + FCS + PREAMBLE_AND_GAP) as Bytes, rate);
