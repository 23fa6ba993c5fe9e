import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimulationError } from './simulation-error.ts';
import { WaitingLine } from './waiting-line.ts';

test('first come, first out, with everything that was handed in, while the ring grows and wraps', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(60))), (rounds) => {
      const line = new WaitingLine();
      const expected: number[][] = [];
      let n = 0;
      for (const [pushes, shifts] of rounds) {
        for (let i = 0; i < pushes; i++, n++) {
          line.push(n, 2 * n, n % 100, -n);
          expected.push([n, 2 * n, n % 100, -n]);
        }
        for (let i = 0; i < shifts && line.length > 0; i++) {
          line.shift((...customer) => expect(customer).toEqual(expected.shift()));
        }
        expect(line.length).toBe(expected.length);
        const arrived: number[] = [];
        line.forEach((each) => void arrived.push(each));
        expect(arrived).toEqual(expected.map(([first]) => first));
      }
    }),
    { numRuns: 200, seed: 1 },
  );
});

test('an overload that nobody noticed ends with an error', () => {
  const line = new WaitingLine();
  const fill = (): void => {
    for (;;) line.push(0, 1, 0, 0);
  };
  expect(fill).toThrow(SimulationError);
  expect(line.length).toBe(2 ** 20);
});
