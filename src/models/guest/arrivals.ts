/** When the next request is meant to start: an open loop's arrival process. */
import type { RandomStream } from '../../kernel/random.ts';
import type { Picoseconds } from '../../units.ts';

export interface Arrivals {
  /** The next intended start; never before the former. */
  next(): Picoseconds;
}

/** Independent exponential gaps. */
export const poisson = (stream: RandomStream, meanGap: Picoseconds): Arrivals => {
  let at = 0;
  return {
    next: () => {
      at += stream.exponential(meanGap);
      return Math.round(at) as Picoseconds;
    },
  };
};

/** Equal gaps; the phase is drawn, so that several senders do not march in step. */
export const periodic = (stream: RandomStream, gap: Picoseconds): Arrivals => {
  let at = Math.round(stream.uniform() * gap);
  return {
    next: () => {
      const now = at;
      at += gap;
      return now as Picoseconds;
    },
  };
};

/** Sizes of packets, bytes of payload with headers, without FCS. */
export interface Sizes {
  next(): number;
}

export const fixedSize = (size: number): Sizes => ({ next: () => size });

/** Each size with its share (the shares need not add up to 1). */
export const mixedSizes = (
  stream: RandomStream,
  mix: readonly { readonly size: number; readonly share: number }[],
): Sizes => {
  const total = mix.reduce((sum, { share }) => sum + share, 0);
  return {
    next: () => {
      let u = stream.uniform() * total;
      for (const { size, share } of mix) {
        u -= share;
        if (u < 0) return size;
      }
      return mix[mix.length - 1].size;
    },
  };
};
