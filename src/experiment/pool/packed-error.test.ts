/** An error that was sent between threads says the same as before, and to the same reader. */
import { describe, expect, test } from 'vitest';
import { InvariantError } from '../../accounting/invariant.ts';
import { BudgetError, SimulationError } from '../../kernel/simulation-error.ts';
import { packed, unpacked } from './packed-error.ts';

/** As it arrives in another thread. */
const sent = (error: unknown): Error => unpacked(structuredClone(packed(error)));

describe('an error between threads', () => {
  test.each([InvariantError, BudgetError, SimulationError])('keeps its class: %o', (Kind) => {
    const error = new Kind('core0 misses 5 ps');
    const arrived = sent(error);
    expect(arrived).toBeInstanceOf(Kind);
    expect(arrived).toMatchObject({ name: error.name, message: error.message, stack: error.stack });
  });

  test('that nobody foresaw keeps its message and where it was thrown', () => {
    const error = new TypeError('x is not a function');
    expect(sent(error)).toMatchObject({ message: 'x is not a function', stack: error.stack });
    expect(error.stack).toContain('TypeError');
  });

  test('may be no error at all', () => {
    expect(sent('thrown text').message).toBe('thrown text');
  });
});
