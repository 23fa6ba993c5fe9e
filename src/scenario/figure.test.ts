/** Figures of expectations: read in the unit of the metric, refused without one where it has one. */
import { describe, expect, test } from 'vitest';
import { readFigure, writeFigure } from './figure.ts';

test.each([
  ['100 us', 'ns', 100_000],
  ['2.5 ns', 'ns', 2.5],
  ['-3 us', 'ns', -3000],
  ['200 k/s', '1/s', 200_000],
  ['9.4 Gbit/s', 'bit/s', 9.4e9],
  ['1200 cycles', 'cycles/request', 1200],
  [0, 'ns', 0],
  [5, '1/request', 5],
  ['0.25', 'cores', 0.25],
  [3.86, null, 3.86],
])('%s in %s is %d', (written, unit, value) => {
  expect(readFigure(written, unit)).toEqual({ value });
});

describe('refused', () => {
  test.each([
    [100, 'ns', /100 has no unit \(expected a number and ps/],
    ['100 k/s', 'ns', /is not a time/],
    ['100 us', '1/request', /is not a plain number/],
    ['4 us', null, /is not a plain number, which a ratio is/],
    ['fast', 'bit/s', /is not a bit rate/],
  ])('%s in %s', (written, unit, message) => {
    const reading = readFigure(written, unit);
    expect('mistake' in reading && reading.mistake).toMatch(message);
  });
});

test('written as read', () => {
  expect(writeFigure(10_000, 'ns')).toBe('10000 ns');
  expect(writeFigure(1 / 3, '1/request')).toBe('0.333333');
  expect(readFigure(writeFigure(123.5, 'cycles/request'), 'cycles/request')).toEqual({ value: 123.5 });
});
