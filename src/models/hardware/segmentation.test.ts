/** Packets that are longer than a frame: how many frames and pieces they are, and how they become frames. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_REQUEST } from '../../accounting/timeline.ts';
import { bitsPerSecond } from '../../units.ts';
import { FRAME_MAX, serialization } from './frame.ts';
import { Packets } from './packets.ts';
import { Reassembly } from './reassembly.ts';
import {
  descriptorsOf,
  framesOf,
  lastFrameOf,
  MSS,
  PACKET_MAX,
  pieceSize,
  piecesOf,
  TCP_HEADERS,
  trainTime,
} from './segmentation.ts';

const RATE = bitsPerSecond(10e9);
const long = fc.integer({ min: FRAME_MAX + 1, max: PACKET_MAX });

describe('frames', () => {
  test('carry 1,448 bytes each: 64 KiB are 46', () => {
    expect(MSS).toBe(1448);
    expect([60, FRAME_MAX, FRAME_MAX + 1, TCP_HEADERS + 2 * MSS, PACKET_MAX].map(framesOf)).toEqual([
      1, 1, 2, 2, 46,
    ]);
    expect(lastFrameOf(FRAME_MAX + 1)).toBe(TCP_HEADERS + 1);
    expect(lastFrameOf(TCP_HEADERS + 2 * MSS)).toBe(FRAME_MAX);
  });

  test('carry what the packet carried, and no more', () => {
    fc.assert(
      fc.property(long, (size) => {
        const payload = (framesOf(size) - 1) * MSS + lastFrameOf(size) - TCP_HEADERS;
        expect(payload).toBe(size - TCP_HEADERS);
        expect(lastFrameOf(size)).toBeGreaterThan(TCP_HEADERS);
        expect(lastFrameOf(size)).toBeLessThanOrEqual(FRAME_MAX);
      }),
    );
  });

  test('follow each other on the wire: 45 × 1,230.4 ns and a last one of 376 B', () => {
    expect(trainTime(PACKET_MAX, RATE)).toBe(45 * 1_230_400 + (376 + 4 + 20) * 800);
    expect(trainTime(1514, RATE)).toBe(serialization(1514, RATE));
  });
});

describe('pieces', () => {
  test('of 64 KiB from sendmsg are headers and two page fragments', () => {
    expect([60, 1514, 1515, PACKET_MAX].map(piecesOf)).toEqual([1, 1, 2, 3]);
    expect([0, 1, 2].map((i) => pieceSize(PACKET_MAX, i))).toEqual([66, 32_768, 32_702]);
  });

  test('are the packet, whole', () => {
    fc.assert(
      fc.property(long, (size) => {
        const sizes = Array.from({ length: piecesOf(size) }, (_, i) => pieceSize(size, i));
        expect(sizes.reduce((sum, each) => sum + each)).toBe(size);
        expect(Math.min(...sizes)).toBeGreaterThan(0);
      }),
    );
  });

  test('take a descriptor for each 4 KiB on an 82540EM', () => {
    expect(descriptorsOf(PACKET_MAX, 4096)).toBe(1 + 8 + 8);
  });
});

describe('a packet that software cuts', () => {
  const cut = (size: number) => {
    const packets = new Packets();
    const frames = packets.segment(packets.create(size, 7, 3));
    return { packets, frames, reassembly: new Reassembly(packets) };
  };

  test('becomes frames of its flow, of which the last carries its request and knows its size', () => {
    const { packets, frames } = cut(FRAME_MAX + 1);
    expect(frames.map((frame) => packets.size[frame])).toEqual([FRAME_MAX, TCP_HEADERS + 1]);
    expect(frames.map((frame) => packets.request[frame])).toEqual([NO_REQUEST, 7]);
    expect(frames.map((frame) => packets.flow[frame])).toEqual([3, 3]);
    expect(frames.map((frame) => packets.whole[frame])).toEqual([0, FRAME_MAX + 1]);
    expect(packets.alive).toBe(2);
  });

  test('is whole again with the last of its frames, if none was lost', () => {
    fc.assert(
      fc.property(long, fc.nat(), (size, at) => {
        const { frames, reassembly } = cut(size);
        const lost = at % (2 * frames.length);
        const answers = frames.filter((_, i) => i !== lost).map((frame) => reassembly.complete(frame));
        if (lost === frames.length - 1) expect(answers).not.toContain(false);
        else expect(answers.indexOf(false)).toBe(lost < frames.length ? answers.length - 1 : -1);
      }),
    );
  });

  test('of which the last frame was lost does no harm to the next', () => {
    const { packets, frames, reassembly } = cut(5000);
    for (const frame of frames.slice(0, -1)) reassembly.complete(frame);
    const next = packets.segment(packets.create(5000, 8, 3)).map((frame) => packets.copy(frame));
    expect(next.map((frame) => reassembly.complete(frame))).toEqual(next.map(() => true));
  });
});
