/** `vmio validate`: theory, counted drivers and published measurements beside what is simulated, in one table. */
import os from 'node:os';
import { occurrences } from '../experiment/occurrences.ts';
import { openPool } from '../experiment/pool/trial-pool.ts';
import { summarise } from '../experiment/summarise.ts';
import { contradicts, evaluate } from '../validation/evaluate.ts';
import type { Case } from '../validation/load-case.ts';
import { pricesOf } from '../validation/prices.ts';
import type { PriceRow, ValidationRow } from '../validation/rows.ts';
import { stationRows } from '../validation/stations.ts';
import { FAILED, FINE, INTERRUPTED, WRONG_INPUT } from './exit-status.ts';
import { explain, say } from './failure.ts';
import { headline, trialsOf } from './headline.ts';
import { Interruption } from './interruption.ts';
import { proveWritable, recover, resultsFolder } from './results-folder.ts';
import type { Session } from './session.ts';
import { simulate } from './simulate.ts';
import { type Agenda, agendaOf, STATIONS } from './validation-cases.ts';
import { writeValidation } from './write-validation.ts';

export interface ValidateOptions {
  readonly out: string;
  readonly jobs?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

interface Evidence {
  readonly rows: readonly ValidationRow[];
  readonly prices: readonly PriceRow[];
}

const NAME = 'validation';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export const validateCommand = async (
  names: readonly string[],
  options: ValidateOptions,
): Promise<number> => {
  const agenda = agendaOf(names);
  if (agenda === null) return WRONG_INPUT;
  const folder = resultsFolder(options.out, NAME);
  if (recover(folder)) say(`${folder} was being replaced when a run was killed; it is back as it was`);
  proveWritable(folder);
  const began = performance.now();
  const gathered = await gather(agenda, options);
  if (typeof gathered === 'number') return gathered;
  const { rows, prices } = gathered;
  const failed = rows.filter(contradicts);
  if (options.json === true) for (const row of rows) print(JSON.stringify(row));
  else if (options.quiet !== true) await show(agenda, gathered);
  else for (const row of failed) say(`failed: ${row.scenario}, ${row.figure}: ${row.simulated}`);
  const seconds = (performance.now() - began) / 1000;
  const files = writeValidation(folder, agenda, { rows, prices }, { ...options, seconds });
  if (options.json !== true && options.quiet !== true) print(`wrote ${folder}: ${files.join(', ')}`);
  return failed.length > 0 ? FAILED : FINE;
};

/** Simulates case after case. @returns the rows, or the exit status of what ended it. */
const gather = async (agenda: Agenda, options: ValidateOptions): Promise<Evidence | number> => {
  const interruption = new Interruption();
  const { cases, stations } = agenda;
  const most = Math.max(1, ...cases.map(({ loaded }) => trialsOf(loaded)));
  const pool = openPool(Math.min(options.jobs ?? os.availableParallelism(), most));
  const session: Session = {
    pool,
    interruption,
    quiet: options.quiet === true || options.json === true,
  };
  const rows: ValidationRow[] = [];
  const prices: PriceRow[] = [];
  try {
    if (stations) rows.push(...stationRows());
    for (const each of cases) {
      const evidence = await simulated(each, session);
      if (typeof evidence === 'number') return evidence;
      rows.push(...evidence.rows);
      prices.push(...evidence.prices);
    }
  } catch (error) {
    return explain(error, '');
  } finally {
    interruption.release();
    await pool.close();
  }
  return { rows, prices };
};

const simulated = async (
  { loaded, reference, counts }: Case,
  session: Session,
): Promise<Evidence | number> => {
  const { interruption, quiet } = session;
  if (!quiet && process.stderr.isTTY === true) say(headline(loaded));
  const { results, failed } = await simulate(loaded, {}, session);
  if (interruption.asked) {
    say('interrupted; nothing was written');
    return INTERRUPTED;
  }
  if (failed !== null) return failed;
  const rows = results.flatMap((result) => [
    ...summarise(loaded.name, result).summary,
    ...occurrences(loaded.name, result),
  ]);
  return {
    rows: evaluate({ loaded, reference, rows }, counts),
    prices: results.flatMap((result) => pricesOf(loaded, result)),
  };
};

const show = async ({ cases }: Agenda, { rows, prices }: Evidence): Promise<void> => {
  const { validationTable, validationSummary } = await import('../report/validation-table.ts');
  const { priceTable } = await import('../report/price-table.ts');
  const titles = new Map([
    [STATIONS, 'The kernel’s stations'],
    ...cases.map(({ loaded }) => [loaded.name, loaded.base.title] as const),
  ]);
  print(validationTable(rows, titles, { colour: process.stdout.isTTY === true }));
  print('\nprices that the cases give, how often they are paid, and who says so');
  print(priceTable(prices));
  print(`\n${validationSummary(rows).join('\n')}`);
};
