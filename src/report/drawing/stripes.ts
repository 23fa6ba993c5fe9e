/** Slanted hatching as line segments, since neither Vega nor a grey print has another way to shade an area. */

/** A rectangle in pixels, y downwards. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Stripe {
  readonly x: number;
  readonly y: number;
  readonly x2: number;
  readonly y2: number;
}

/** Pixels from one line to the next, measured along the x axis. */
const PITCH = 5;

/** Lines rising at 45°, clipped to `box`; on one raster for the whole picture, so that neighbours line up. */
export const stripes = ({ left, right, top, bottom }: Box): Stripe[] => {
  const height = bottom - top;
  const lines: Stripe[] = [];
  // A line starts at (start, bottom) and climbs to (start + height, top).
  for (let start = Math.ceil((left - height) / PITCH) * PITCH; start < right; start += PITCH) {
    const from = Math.max(0, left - start);
    const to = Math.min(height, right - start);
    if (to - from > 0.5) lines.push({ x: start + from, y: bottom - from, x2: start + to, y2: bottom - to });
  }
  return lines;
};
