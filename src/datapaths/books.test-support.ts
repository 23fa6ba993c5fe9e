/** The books of a world, looked at from outside: whether they close, and what they are. */
import { createHash } from 'node:crypto';
import { UNPRICED } from '../accounting/unpriced.ts';
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import type { World } from './world.ts';

/** By core: charges and idle time less elapsed time, ps. */
export const gapsOf = ({ books, cores, sim }: World): Readonly<Record<string, number>> => {
  const busy = new Map<string, number>();
  for (const line of books.ledger.spending()) busy.set(line.core, (busy.get(line.core) ?? 0) + line.busy);
  return Object.fromEntries(
    cores.map(({ name }) => [name, (busy.get(name) ?? 0) + (books.ledger.idle.get(name) ?? 0) - sim.now]),
  );
};

/** Costs whose time is not occurrences × price; of constant prices, and when nothing is half done. */
export const misspentOf = ({ books, machine }: World): string[] =>
  books.ledger.spending().flatMap(({ cost, payer, busy, count }) => {
    const { price, draw } = books.costs.cost(cost);
    if (draw !== null || UNPRICED.has(cost)) return [];
    // A halted vCPU has paid for its way out of the guest, not yet for its way back.
    const halted = payer.endsWith(' idle') && cost === 'exit.light';
    const rest = busy - price * count;
    if (rest === 0 || (halted && rest === Math.round(price * machine.exitOutShare))) return [];
    return [`${payer}: ${cost} ${count} × ${price} ps is not ${busy} ps`];
  });

/** Everything that a change of the event stream would change. */
export const fingerprintOf = ({ books, sim }: World, records: readonly WorkloadRecord[]): string => {
  const state = {
    events: sim.events,
    spending: books.ledger.spending(),
    idle: [...books.ledger.idle],
    counters: books.counters
      .since([])
      .map(({ counter, value }) => [counter.metric, counter.component, value]),
    tallies: books.counters
      .allTallies()
      .map(({ component, count, sum, max }) => [component, count, sum, max]),
    records: records.map(({ submitted, completed, drops, latency, stageSums }) => [
      ...[submitted, completed, [...drops], [...stageSums]],
      ...[latency.count, latency.count > 0 ? [latency.mean, latency.max, latency.quantile(0.5)] : []],
    ]),
  };
  return createHash('sha256').update(JSON.stringify(state)).digest('hex');
};
