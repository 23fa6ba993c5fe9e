import { expect, test } from 'vitest';
import { withPriceOf } from './price-path.ts';

test('a part of a price that the file does not mention gets an entry to stand in', () => {
  expect(withPriceOf({ run: {} }, 'costs.exit.kick.cycles')).toEqual({ run: {}, costs: { 'exit.kick': {} } });
  expect(withPriceOf({ costs: { syscall: { cycles: 1 } } }, 'costs.exit.kick.ns')).toEqual({
    costs: { syscall: { cycles: 1 }, 'exit.kick': {} },
  });
});

test('an entry that is there, and any other path, stays as it is', () => {
  const root = { costs: { 'exit.kick': { cycles: 1 } } };
  expect(withPriceOf(root, 'costs.exit.kick.cycles')).toBe(root);
  expect(withPriceOf(root, 'run.measure')).toBe(root);
  expect(withPriceOf(root, 'costs.exit.light')).toBe(root);
  expect(withPriceOf(7, 'costs.exit.light.ns')).toBe(7);
});
