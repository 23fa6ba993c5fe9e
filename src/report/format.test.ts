/** Figures are written with three digits, a fitting prefix, and an interval that never claims too much. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { displayForAll, measured, parseQuantity, plain, quantity, sweptLabel } from './format.ts';

test.each([
  [4123, 'ns', '4.12 µs'],
  [999.4, 'ns', '999 ns'],
  [999.9, 'ns', '1.00 µs'],
  [0.5, 'ns', '500 ps'],
  [0, 'ns', '0 ns'],
  [198_000, '/s', '198 k/s'],
  [14_880_000, 'pps', '14.9 Mpps'],
  [9.5e9, 'bit/s', '9.50 Gbit/s'],
  [12_345, 'cycles', '12.3 k'],
  [6000, 'cycles/request', '6.00 k'],
  [250, '1/s', '250 /s'],
  [0.2, '1/request', '0.200'],
  [2, '', '2'],
  [0.97, '', '0.970'],
  [0, '', '0'],
  [83.1, '%', '83.1 %'],
  [7, 'packets', '7 packets'],
])('%f %s is written %s', (value, unit, text) => expect(quantity(value, unit)).toBe(text));

test.each([
  [4123, 4073, 4173, 'ns', '4.12 µs ± 0.05'],
  [4123, 4123, 4123, 'ns', '4.12 µs'],
  [4123, null, null, 'ns', '4.12 µs'],
  [412_300, 412_250, 412_350, 'ns', '412.3 µs ± 0.1'],
  [4123, 3000, 5246, 'ns', '4.12 µs ± 1.13'],
  [0.97, 0.96, 0.98, '', '0.970 ± 0.010'],
])('%f in [%f, %f] %s is written %s', (value, low, high, unit, text) =>
  expect(measured(value, low, high, unit)).toBe(text),
);

test('a printed half-width is never smaller than the real one', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 999, noNaN: true }),
      fc.double({ min: 1e-9, max: 0.5, noNaN: true }),
      (value, relative) => {
        const half = value * relative;
        const [, printed] = measured(value, value - half, value + half, '').split(' ± ');
        expect(Number(printed)).toBeGreaterThanOrEqual(half * (1 - 1e-6));
      },
    ),
  );
});

test('small numbers and whole numbers', () => {
  expect(['1500', '0.0120', '41.2', '1.00']).toEqual([
    plain(1500),
    plain(0.012),
    plain(41.23),
    plain(0.9999),
  ]);
});

test('one unit for a whole axis', () => {
  expect(displayForAll([500, 4000, 90_000], 'ns')).toEqual({ unit: 'µs', per: 1e-3 });
  expect(displayForAll([10_000, 1_000_000], '/s').unit).toBe('k/s');
  expect(displayForAll([], 'ns').unit).toBe('ns');
});

test('swept values are read as quantities where they are', () => {
  expect(parseQuantity('200 k/s')).toEqual({ value: 200_000, unit: '/s' });
  expect(parseQuantity('2.5 us')?.unit).toBe('s');
  expect(parseQuantity('4 KiB')).toEqual({ value: 4096, unit: 'B' });
  expect(parseQuantity('1200 cycles')).toEqual({ value: 1200, unit: 'cycles' });
  expect(parseQuantity('256')).toEqual({ value: 256, unit: '' });
  expect(parseQuantity('4 queues')).toEqual({ value: 4, unit: 'queues' });
  expect(parseQuantity('eevdf')).toBeNull();
  expect(parseQuantity('')).toBeNull();
});

test.each([
  ['200 k/s', '200 k/s'],
  ['17782.794100389227 /s', '17.8 k/s'],
  ['1000000 /s', '1 M/s'],
  ['1500 B', '1500 B'],
  ['eevdf', 'eevdf'],
  ['1e6 /s', '1e6 /s'],
])('the step %s is labelled %s', (text, label) => expect(sweptLabel(text)).toBe(label));
