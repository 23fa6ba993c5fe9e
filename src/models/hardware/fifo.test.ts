/** The queue against an array that shifts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from './fifo.ts';

test('gives back what was put in, in order, through any mix of pushes and shifts', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 300 }), (pushes) => {
      const fifo = new Fifo<{ n: number }>();
      const array: { n: number }[] = [];
      pushes.forEach((push, n) => {
        if (push) {
          const item = { n };
          fifo.push(item);
          array.push(item);
          expect(fifo.includes(item)).toBe(true);
        } else expect(fifo.shift()).toBe(array.shift() ?? null);
        expect(fifo.length).toBe(array.length);
      });
      for (const item of array) expect(fifo.shift()).toBe(item);
    }),
  );
});

test('does not hold on to what was taken', () => {
  const fifo = new Fifo<object>();
  const item = {};
  fifo.push(item);
  fifo.shift();
  expect(fifo.includes(item)).toBe(false);
  expect(fifo.shift()).toBeNull();
});
