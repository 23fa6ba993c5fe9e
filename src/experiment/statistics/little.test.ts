/** The laws on the closed forms of M/M/1. */
import { expect, test } from 'vitest';
import { littleGap, relativeGap, utilisationGap } from './little.ts';

const SERVICE = 1e6; // ps

test.each([0.1, 0.5, 0.9])('M/M/1 at load %d obeys both laws', (load) => {
  const rate = load * 1e6;
  expect(littleGap(load / (1 - load), rate, SERVICE / (1 - load))).toBeCloseTo(0, 12);
  expect(utilisationGap(load, rate, SERVICE)).toBeCloseTo(0, 12);
  expect(utilisationGap(load / 4, rate, SERVICE, 4)).toBeCloseTo(0, 12);
});

test('the gap has a sign and is a share of what the law predicts', () => {
  expect(littleGap(1.1, 1e6, SERVICE)).toBeCloseTo(0.1, 12);
  expect(utilisationGap(0.45, 0.5e6, SERVICE)).toBeCloseTo(-0.1, 12);
});

test('an idle station has no gap, and something from nothing an infinite one', () => {
  expect(relativeGap(0, 0)).toBe(0);
  expect(relativeGap(0.1, 0)).toBe(Number.POSITIVE_INFINITY);
});
