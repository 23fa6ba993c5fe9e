/** An error as plain data, so that it keeps its class on the way between threads. */
import { InvariantError } from '../../accounting/invariant.ts';
import { BudgetError, SimulationError } from '../../kernel/simulation-error.ts';

const CLASSES = { InvariantError, BudgetError, SimulationError } as const;

export interface PackedError {
  /** One of ours, or null. */
  readonly name: keyof typeof CLASSES | null;
  readonly message: string;
  /** Where it was thrown. */
  readonly stack: string;
}

export const packed = (error: unknown): PackedError => {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  const name = Object.entries(CLASSES).find(([, known]) => error instanceof known)?.[0] ?? null;
  return { name: name as PackedError['name'], message, stack };
};

export const unpacked = ({ name, message, stack }: PackedError): Error =>
  Object.assign(new (name === null ? Error : CLASSES[name])(message), { stack });
