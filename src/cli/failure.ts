/** What is said when something goes wrong, and with which status the command ends. */
import { InvariantError } from '../accounting/invariant.ts';
import { BudgetError, SimulationError } from '../kernel/simulation.ts';
import { FAILED, OUR_BUG, WRONG_INPUT } from './exit-status.ts';

/** Standard output may be silent, or hold JSON only. */
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The input or the usage is wrong. @returns the exit status */
export const refuse = (text: string): number => {
  say(`vmio: ${text}`);
  return WRONG_INPUT;
};

/** The exit status that says whose fault it is. */
export const statusOf = (error: unknown): number => {
  if (error instanceof BudgetError) return FAILED;
  if (error instanceof InvariantError || error instanceof SimulationError) return OUR_BUG;
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? WRONG_INPUT : OUR_BUG;
};

/** @param replay the command that runs the failing trial alone, where there is one. */
export const explain = (error: unknown, replay: string): number => {
  const status = statusOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? (error.stack ?? message) : message;
  const foreseen = error instanceof InvariantError || error instanceof SimulationError;
  if (status !== OUR_BUG) say(`vmio: ${message}`);
  else if (foreseen) say(`vmio: a broken invariant, which is a bug of vmio: ${message}`);
  else say(`vmio: unexpected, and a bug of vmio: ${stack}`);
  if (replay !== '' && status !== WRONG_INPUT) say(`  Run this trial alone with: ${replay}`);
  return status;
};
