/**
 * Every structural count of a device in the project's table is answered by a shipped case, and the simulated mean lies
 * in its range. The table is read here by itself; instructions are inputs, not something to reproduce.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { runPoint } from '../experiment/run-point.test-support.ts';
import { summarise } from '../experiment/summarise.ts';
import { loaded, SCENARIOS } from '../scenario/workspace.test-support.ts';
import { evaluate } from './evaluate.ts';
import { type Case, caseOf } from './load-case.ts';

const FOLDER = path.join(SCENARIOS, 'validation');
const TABLE = path.join(FOLDER, 'data/driver-counts.csv');

interface Row {
  readonly device: string;
  readonly options: string;
  readonly workload: string;
  readonly size: string;
  readonly qd: string;
  readonly metric: string;
  readonly min: string;
  readonly max: string;
  readonly structural: string;
}

const rows: readonly Row[] = (parse(readFileSync(TABLE, 'utf8'), { columns: true }) as readonly Row[]).filter(
  ({ metric, structural }) => structural === 'yes' && !metric.startsWith('insns'),
);
const key = ({
  device,
  options,
  workload,
  size,
  qd,
  metric,
}: Omit<Row, 'min' | 'max' | 'structural'>): string =>
  [device, options, workload, size, qd, metric].join(' ');

const cases = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => caseOf(loaded(path.join(FOLDER, name))))
  .filter((each): each is Case => 'reference' in each && each.reference.kind === 'counted');

const simulated = new Map<string, { value: number | null; operations: number; judgement: string }>();

describe.each(cases.map((each) => [each.loaded.name, each] as const))('%s', (_, each) => {
  const { loaded: scenario, reference, counts } = each;
  if (reference.kind !== 'counted') throw new RangeError('not counted');

  test('has a figure for each count of its operations', () => {
    const results = scenario.points.map((point) =>
      summarise(scenario.name, runPoint(point, reference.datapath)),
    );
    const summary = results.flatMap(({ summary: own }) => own);
    for (const row of evaluate({ loaded: scenario, reference, rows: summary }, counts)) {
      const operation = reference.operations[row.swept['case']];
      const { device, options } = reference;
      const at = { ...operation, size: String(operation.size), qd: String(operation.qd) };
      const rate = summary.find(
        ({ metric, swept }) => metric === 'throughput.requests' && swept === row.swept,
      )?.value;
      const point = scenario.points.find(({ labels }) => labels === row.swept);
      simulated.set(key({ device, options, ...at, metric: row.figure }), {
        value: row.simulated,
        operations: ((rate ?? 0) * (point?.scenario.run.measure ?? 0)) / 1e12,
        judgement: row.judgement,
      });
    }
    expect(simulated.size).toBeGreaterThan(15);
  });
});

describe('the table', () => {
  test('has the rows that it was shipped with', () => {
    expect(rows.length).toBeGreaterThanOrEqual(300);
  });

  test.each(rows.map((row) => [key(row), row] as const))('%s', (name, { min, max }) => {
    const { value, operations, judgement } = simulated.get(name) ?? { operations: 1, judgement: 'no case' };
    expect(judgement).toBe('held');
    // The window may cut one operation, so an exact count is known to one in all of them; the table has four digits.
    const slack = Math.max(1, Number(max)) / operations + 0.0005;
    expect(value).toBeGreaterThanOrEqual(Number(min) - slack);
    expect(value).toBeLessThanOrEqual(Number(max) + slack);
  });
});
