/** What the shipped cases call measured, and the prices that they say were published, stand in the tables they name. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { readFigure } from '../scenario/figure.ts';
import { splitMetric } from '../scenario/metrics.ts';
import type { PublishedFigure } from '../scenario/reference-schema.ts';
import { loaded, SCENARIOS } from '../scenario/workspace.test-support.ts';

const FOLDER = path.join(SCENARIOS, 'validation');

interface Row {
  readonly id: string;
  readonly unit: string;
  readonly value: string;
  readonly source: string;
  readonly note: string;
}

const table = (name: string): ReadonlyMap<string, Row> => {
  const rows: Row[] = parse(readFileSync(path.join(FOLDER, 'data', name), 'utf8'), { columns: true });
  return new Map(rows.map((row) => [row.id, row]));
};
const measurements = table('measurements.csv');
const primitives = table('primitive-costs.csv');

const scenarios = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => loaded(path.join(FOLDER, name)));
const published = scenarios.flatMap(({ name, base: { reference } }) =>
  reference?.kind === 'published' ? reference.figures.map((entry) => ({ name, entry })) : [],
);

/** Every number in a text: a cell may hold several, and a note may say what they are made of. */
const numbersIn = (text: string): number[] => (text.match(/\d+(\.\d+)?/g) ?? []).map(Number);

/** How much of the metric's unit is in one of the table's. */
const SCALE: Readonly<Record<string, number>> = {
  us: 1000,
  ns: 1,
  Mpps: 1e6,
  count: 1,
  kIOPS: 1000,
  'cycles per map+unmap pair': 1,
};

const measuredOf = (entry: PublishedFigure): number[] =>
  [entry.measured].flat().map((figure) => {
    const reading = readFigure(figure, splitMetric(entry.metric)?.metric.unit ?? null);
    if ('mistake' in reading) throw new RangeError(reading.mistake);
    return reading.value;
  });

test('there are published cases, and each of their figures names its row', () => {
  expect(published.length).toBeGreaterThan(20);
  expect(published.filter(({ entry }) => entry.rows === undefined)).toEqual([]);
});

describe.each(published)('$name: $entry.name', ({ entry }) => {
  test('is what the row says', () => {
    const found = (entry.rows ?? []).flatMap((id) => {
      const row = measurements.get(id);
      if (row === undefined) return [];
      const scale = SCALE[row.unit] ?? 1;
      return [...numbersIn(row.value), ...numbersIn(row.note)].map((value) => value * scale);
    });
    for (const wanted of measuredOf(entry)) {
      expect(found.some((value) => Math.abs(value - wanted) < 1e-9 * Math.max(1, wanted))).toBe(true);
    }
  });

  test('says what a model without the mechanism would say, unless it is an input', () => {
    expect(entry.given === true || entry.without !== undefined).toBe(true);
  });
});

test('every row of the table is in a case, or stands in the docs with the reason why not', () => {
  const docs = readFileSync(path.join(SCENARIOS, '../docs/VALIDATION.md'), 'utf8');
  const [, reasons = ''] = docs.split('## Rows that are no case');
  const ranges = [...reasons.matchAll(/M(\d{3})(?:–M(\d{3}))?/g)].map(
    ([, from, to = from]) => [from, to] as const,
  );
  const used = new Set(published.flatMap(({ entry }) => entry.rows ?? []));
  const left = [...measurements.keys()].filter((id) => !used.has(id));
  const unexplained = left.filter(
    (id) => !ranges.some(([from, to]) => id.slice(1) >= from && id.slice(1) <= to),
  );
  expect(unexplained).toEqual([]);
});

describe('a price that a case calls published', () => {
  const prices = scenarios.flatMap(({ name, points }) =>
    points.flatMap(({ labels, scenario }) =>
      Object.entries(scenario.costs)
        .filter(([, { kind }]) => kind === 'published')
        .map(([cost, price]) => ({ name, at: Object.values(labels).join(), cost, price })),
    ),
  );

  test('is there', () => {
    expect(prices.length).toBeGreaterThan(10);
  });

  // Cycles stand in the row as they are; a time in the row's unit, or as cycles at the clock that the source names.
  test.each(prices)('$name, $at: $cost is in its row', ({ price: { cycles, ns, source = '' } }) => {
    const [id = ''] = /\bP\d{3}\b/.exec(source) ?? [];
    const row = primitives.get(id);
    const unit = row?.unit === 'us' ? 1000 : 1;
    const numbers = numbersIn(`${row?.value} ${row?.note}`).map((value) => value * unit);
    const [, clock = '1'] = /at (\d+(?:\.\d+)?) GHz/.exec(source) ?? [];
    const wanted = cycles ?? (ns ?? 0) * Number(clock);
    expect(numbers.some((value) => Math.abs(value - wanted) < 0.0005 * wanted)).toBe(true);
  });
});
