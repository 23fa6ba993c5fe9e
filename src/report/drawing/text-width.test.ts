/** The quick estimate of text widths is near what the font says. */
import { expect, test } from 'vitest';
import { openRuler } from '../fonts.ts';
import { fitted, textWidth } from './text-width.ts';

test.each([
  'wait: QEMU main loop (in)',
  'virtio-net',
  '12.1 µs ± 0.2, saturated',
  "Does the backup VM push the web VM's p99 above 100 µs, and does it depend on the datapath?",
  'workloads.bulk.rate = 17.8 k/s',
])('%s', async (text) => {
  const ruler = await openRuler();
  const real = ruler(text, false) * 11;
  expect(textWidth(text) / real).toBeGreaterThan(0.97);
  expect(textWidth(text) / real).toBeLessThan(1.08);
});

test('a text that is too wide is cut', () => {
  expect(fitted('short', 100)).toBe('short');
  expect(fitted('much too long for this', 50)).toMatch(/^much.*…$/);
  expect(fitted('x', 0)).toBe('x…');
});
