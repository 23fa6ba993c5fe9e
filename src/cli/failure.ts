/** What is said when something goes wrong, and with which status the command ends. */
import { InvariantError } from '../accounting/invariant.ts';
import { BudgetError, SimulationError } from '../kernel/simulation.ts';
import { FAILED, OUR_BUG, WRONG_INPUT } from './exit-status.ts';

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** @param replay the command that runs the failing trial alone, where there is one. */
export const explain = (error: unknown, replay: string): number => {
  if (error instanceof BudgetError) {
    say(`vmio: ${error.message}`);
    if (replay !== '') say(`  Run this trial alone with: ${replay}`);
    return FAILED;
  }
  if (error instanceof InvariantError || error instanceof SimulationError) {
    say(`vmio: a broken invariant, which is a bug of vmio: ${error.message}`);
    if (replay !== '') say(`  Run this trial alone with: ${replay}`);
    return OUR_BUG;
  }
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    say(`vmio: ${error.message}`);
    return WRONG_INPUT;
  }
  say(
    `vmio: unexpected, and a bug of vmio: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );
  if (replay !== '') say(`  Run this trial alone with: ${replay}`);
  return OUR_BUG;
};
