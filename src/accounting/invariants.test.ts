/** Rules that hold pass unnoticed; the first that does not ends the run with its name. */
import { expect, test } from 'vitest';
import { InvariantError } from './invariant.ts';
import { Invariants } from './invariants.ts';

test('the first broken rule is named', () => {
  const invariants = new Invariants();
  let kicks = 1;
  invariants.add('ring a', () => null);
  invariants.add('ring b', () => (kicks > 1 ? `${kicks} kicks where 1 is the most` : null));
  expect(() => invariants.check()).not.toThrow();
  kicks = 2;
  expect(() => invariants.check()).toThrow(InvariantError);
  expect(() => invariants.check()).toThrow('ring b: 2 kicks where 1 is the most');
});
