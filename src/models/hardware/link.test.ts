/** A link against the simplest thing that serves in order: a list of occupied intervals. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Picoseconds, ps } from '../../units.ts';
import { Link } from './link.ts';

test('transfers follow each other without overlap, start when they can, and add up to its use', () => {
  const transfers = fc.array(fc.record({ gap: fc.nat(100), span: fc.nat(100) }), { maxLength: 50 });
  fc.assert(
    fc.property(transfers, fc.nat(8000), (wanted, now) => {
      const link = new Link('link');
      const taken: { start: number; end: number }[] = [];
      let ready = 0;
      let waited = 0;
      for (const { gap, span } of wanted) {
        ready += gap;
        const start = link.reserve(ps(ready), ps(span));
        expect(start).toBe(Math.max(ready, taken.at(-1)?.end ?? 0));
        taken.push({ start, end: start + span });
        waited += start - ready;
      }
      const busy = taken.reduce((sum, { start, end }) => sum + end - start, 0);
      const squares = wanted.reduce((sum, { span }) => sum + span * span, 0);
      expect(link.use()).toEqual({ name: 'link', transfers: wanted.length, busy, squares, waited });

      // Beyond `now` nothing counts; gaps between what is reserved beyond it make the answer too small, never too large.
      const before = taken.reduce((sum, { start, end }) => sum + Math.max(0, Math.min(end, now) - start), 0);
      const last = (taken.at(-1)?.end ?? 0) as Picoseconds;
      expect(link.busyBy(ps(now))).toBeLessThanOrEqual(before);
      if (now >= last) expect(link.busyBy(ps(now))).toBe(busy);
    }),
  );
});
