/** Linux e1000's dynamic throttling as a table (e1000_update_itr, drivers/net/ethernet/intel/e1000/e1000_main.c). */
import { describe, expect, test } from 'vitest';
import { E1000Itr, itrUnits, nextClass } from './e1000-itr.ts';

type Class = Parameters<typeof nextClass>[0];

describe('the class after an interval', () => {
  test.each<[Class, number, number, Class, string]>([
    ['lowest', 4, 513, 'low', 'fewer than 5 packets and more than 512 bytes'],
    ['lowest', 4, 512, 'lowest', '512 bytes are not more than 512'],
    ['lowest', 5, 7500, 'lowest', '5 packets are not fewer than 5'],
    ['lowest', 1, 60, 'lowest', 'little'],
    ['lowest', 2, 16_002, 'bulk', 'average above 8,000'],
    ['lowest', 2, 16_000, 'low', 'average of exactly 8,000'],
    ['low', 9, 10_001, 'bulk', 'above 10,000 bytes in fewer than 10 packets'],
    ['low', 10, 10_001, 'low', '10 packets are not fewer than 10'],
    ['low', 30, 36_030, 'bulk', 'above 10,000 bytes, average above 1,200'],
    ['low', 30, 36_000, 'low', 'average of exactly 1,200'],
    ['low', 36, 10_800, 'lowest', 'above 10,000 bytes in more than 35 packets'],
    ['low', 35, 10_500, 'low', '35 packets are not more than 35'],
    ['low', 64, 64 * 1514, 'bulk', 'full frames'],
    ['low', 4, 10_000, 'bulk', 'average above 2,000'],
    ['low', 5, 10_000, 'low', 'average of exactly 2,000'],
    ['low', 2, 511, 'lowest', 'at most 2 packets below 512 bytes'],
    ['low', 2, 512, 'low', '512 bytes are not below 512'],
    ['low', 3, 180, 'low', '3 packets are more than 2'],
    ['bulk', 36, 25_001, 'low', 'above 25,000 bytes in more than 35 packets'],
    ['bulk', 35, 50_000, 'bulk', '35 packets are not more than 35'],
    ['bulk', 64, 64 * 1514, 'low', 'full frames, many of them'],
    ['bulk', 10, 5999, 'low', 'below 6,000 bytes'],
    ['bulk', 10, 6000, 'bulk', '6,000 bytes are not below 6,000'],
    ['bulk', 40, 25_000, 'bulk', '25,000 bytes are not above 25,000'],
    ['bulk', 2, 18_000, 'bulk', 'average above 8,000'],
    ['lowest', 0, 0, 'lowest', 'nothing happened'],
    ['low', 0, 0, 'low', 'nothing happened'],
    ['bulk', 0, 0, 'bulk', 'nothing happened'],
  ])('%s, %i packets of %i bytes in all: %s (%s)', (now, packets, bytes, next) => {
    expect(nextClass(now, packets, bytes)).toBe(next);
  });
});

describe('the throttle register', () => {
  test('is in units of 256 ns: 20,000 a second are 195, 4,000 are 976', () => {
    expect([itrUnits(20_000), itrUnits(4_000), itrUnits(70_000)]).toEqual([195, 976, 55]);
  });

  const idle = { packets: 0, bytes: 0 };
  const full = { packets: 20, bytes: 20 * 1514 };
  const small = { packets: 1, bytes: 60 };

  test('stays at 20,000 a second for small packets: mode 3 has no lowest latency', () => {
    const itr = new E1000Itr();
    for (let i = 0; i < 10; i++) expect(itr.update(small, small)).toBeNull();
    expect(itr.rate).toBe(20_000);
  });

  test('falls to 4,000 at once when one direction becomes bulk', () => {
    const itr = new E1000Itr();
    expect(itr.update(idle, full)).toBe(976);
    expect(itr.rate).toBe(4_000);
  });

  test('rises back in steps of a quarter of the target', () => {
    const itr = new E1000Itr();
    itr.update(idle, full);
    const rates = [1, 2, 3, 4, 5].map(() => {
      itr.update(idle, small);
      return itr.rate;
    });
    expect(rates).toEqual([9_000, 14_000, 19_000, 20_000, 20_000]);
  });

  test('follows the slower of the two directions', () => {
    const itr = new E1000Itr();
    itr.update(full, full);
    itr.update(small, full);
    expect(itr.rate).toBe(4_000);
  });

  test('is written only when it changes', () => {
    const itr = new E1000Itr();
    expect([itr.update(idle, full), itr.update(idle, full), itr.update(idle, idle)]).toEqual([
      976,
      null,
      null,
    ]);
    expect(itr.update(idle, small)).toBe(itrUnits(9_000));
  });
});
