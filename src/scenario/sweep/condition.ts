/**
 * Which points of a sweep are run: expressions over what a scenario may say, such as `workloads.rpc.connections <= vms.vm.vcpus` or
 * `workloads.rpc.rate < "200 k/s"`. Quantities are compared in their base units, with and without quotes.
 */
import { compileExpression } from 'filtrex';
import { parseQuantity } from '../text/quantity.ts';
import { DIMENSIONS } from './axis.ts';

/** What a path says at a point; undefined: nothing is there. */
export type Lookup = (path: string) => unknown;

/** Text that is a quantity is its value. */
const plain = (value: unknown): unknown => {
  if (typeof value !== 'string') return value;
  for (const dimension of DIMENSIONS) {
    const reading = parseQuantity(dimension, value, {});
    if ('value' in reading) return reading.value;
  }
  return value;
};

const both =
  (compare: (a: never, b: never) => boolean) =>
  (a: unknown, b: unknown): boolean =>
    compare(plain(a) as never, plain(b) as never);

const operators = {
  '<': both((a, b) => a < b),
  '<=': both((a, b) => a <= b),
  '>': both((a, b) => a > b),
  '>=': both((a, b) => a >= b),
  '==': both((a, b) => a === b),
  '!=': both((a, b) => a !== b),
};

/** @throws RangeError on an expression that is none; what it returns throws one where a path leads nowhere. */
export const condition = (text: string): ((lookup: Lookup) => boolean) => {
  let holds: (lookup: Lookup) => unknown;
  try {
    holds = compileExpression(text, {
      operators: operators as never,
      customProp: (path: string, _get: unknown, lookup: Lookup) => {
        const value = lookup(path);
        if (value === undefined || value === null) throw new RangeError(`there is no "${path}"`);
        return value;
      },
    }) as (lookup: Lookup) => unknown;
  } catch {
    throw new RangeError(
      `"${text}" is no condition; write e.g. workloads.rpc.rate < "200 k/s" and host.cores >= 4`,
    );
  }
  return (lookup) => {
    const result = holds(lookup);
    // The library hands errors back, those of a lookup, too.
    if (result instanceof Error) throw new RangeError(result.message);
    if (typeof result !== 'boolean') throw new RangeError(`"${text}" is neither true nor false`);
    return result;
  };
};
