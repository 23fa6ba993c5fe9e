/** Rows survive the way to CSV text and back, whatever is in them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CsvError, readCsv, readResults, writeCsv } from './csv.ts';
import { rateSweep } from './invented.test-support.ts';
import { COSTS, STAGES, SUMMARY, TRIALS } from './layout.ts';
import type { CostRow, StageRow, SummaryRow, TrialRow } from './rows.ts';

const PATHS = ['workloads.bulk.rate', 'host.cores', '__proto__.size'];

const figure = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0); // no -0
const optional = fc.option(figure, { nil: null });
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('', 'a,b', '"', 'x\ny', '\r\n', 'µs', '=1+1', ' ', '\ufeff'),
);
const swept = fc.tuple(...PATHS.map(() => text.filter((value) => value !== ''))).map((values) => {
  const pairs = PATHS.map((path, i) => [path, values[i]] as const);
  return Object.fromEntries(pairs);
});
const base = { scenario: text, datapath: text, swept };

const summaryRow: fc.Arbitrary<SummaryRow> = fc.record({
  ...base,
  vm: text,
  workload: text,
  metric: text,
  component: text,
  statistic: text,
  unit: text,
  value: optional,
  ci_low: optional,
  ci_high: optional,
  replications: fc.nat(),
  verdict: text,
});
const trialRow: fc.Arbitrary<TrialRow> = fc.record({
  ...base,
  vm: text,
  workload: text,
  replication: fc.nat(),
  metric: text,
  component: text,
  statistic: text,
  unit: text,
  value: optional,
  verdict: text,
});
const costRow: fc.Arbitrary<CostRow> = fc.record({
  ...base,
  core: text,
  thread: text,
  side: fc.constantFrom('guest' as const, 'host' as const),
  payer: text,
  cost: text,
  busy_ns_per_request: figure,
  cycles_per_request: figure,
  count_per_request: figure,
  ci_low: optional,
  ci_high: optional,
});
const stageRow: fc.Arbitrary<StageRow> = fc.record({
  ...base,
  workload: text,
  position: fc.nat(),
  stage: text,
  kind: fc.constantFrom('working' as const, 'waiting' as const),
  mean_ns: figure,
  share: figure,
  p50_ns: optional,
  p99_ns: optional,
  sample: fc.nat(),
});

test('every file reads back to the rows it was written from', () => {
  fc.assert(
    fc.property(
      fc.array(summaryRow),
      fc.array(trialRow),
      fc.array(costRow),
      fc.array(stageRow),
      (summary, trials, costs, stages) => {
        expect(readCsv(SUMMARY, writeCsv(SUMMARY, summary))).toEqual(summary);
        expect(readCsv(TRIALS, writeCsv(TRIALS, trials))).toEqual(trials);
        expect(readCsv(COSTS, writeCsv(COSTS, costs))).toEqual(costs);
        expect(readCsv(STAGES, writeCsv(STAGES, stages))).toEqual(stages);
      },
    ),
  );
});

test('columns are fixed, swept parameters stand between, lines end in \\n', () => {
  const [header, first] = writeCsv(SUMMARY, rateSweep().summary).split('\n');
  expect(header).toBe(
    'scenario,datapath,vm,workload,workloads.bulk.rate,metric,component,statistic,unit,value,ci_low,ci_high,replications,verdict',
  );
  expect(first).toMatch(/^invented,native,web,rpc,10 k\/s,latency,,p50,ns,[\d.]+,[\d.]+,[\d.]+,10,steady$/);
  expect(writeCsv(SUMMARY, [], ['host.cores'])).toMatch(
    /^scenario,datapath,vm,workload,host\.cores,metric,.*verdict\n$/,
  );
});

test('numbers are written in their shortest exact form', () => {
  const [row] = rateSweep().summary;
  const written = writeCsv(SUMMARY, [{ ...row, value: 0.1 + 0.2, ci_low: 1e21, ci_high: -0 }]);
  expect(written).toContain(',0.30000000000000004,1e+21,0,');
  expect(() => writeCsv(SUMMARY, [{ ...row, value: Number.NaN }])).toThrow('value is NaN');
  expect(() => writeCsv(SUMMARY, [{ ...row, value: Number.POSITIVE_INFINITY }])).toThrow(CsvError);
});

test('a spreadsheet may have saved it: byte order mark and \\r\\n are read', () => {
  const { summary } = rateSweep();
  const saved = `\ufeff${writeCsv(SUMMARY, summary).replaceAll('\n', '\r\n')}`;
  expect(readCsv(SUMMARY, saved)).toEqual(summary);
});

test('a mistake in a file is named with its line and column', () => {
  const good = writeCsv(STAGES, rateSweep().stages.slice(0, 2));
  expect(() => readCsv(STAGES, '')).toThrow('stages.csv: empty');
  expect(() => readCsv(STAGES, good.replace('share', 'chair'))).toThrow('stages.csv: no column share');
  expect(() => readCsv(STAGES, `${good}x,y`)).toThrow('stages.csv: Invalid Record Length');
  const twice = writeCsv(STAGES, rateSweep().stages.slice(0, 1), ['a', 'b']).replace('a,b', 'a,a');
  expect(() => readCsv(STAGES, twice)).toThrow('two columns called "a"');
  expect(() => readCsv(STAGES, good.replace('2048', 'many'))).toThrow(
    'stages.csv:2: sample is "many", expected a number',
  );
  expect(() => readCsv(STAGES, good.replace('working', 'sleeping'))).toThrow(
    'stages.csv:2: kind is "sleeping", expected working or waiting',
  );
  expect(() => writeCsv(STAGES, [{ ...rateSweep().stages[0], swept: { stage: '1' } }])).toThrow(
    'cannot be called "stage"',
  );
});

test('a whole folder reads back', () => {
  const results = rateSweep();
  const { summary, costs, stages } = results;
  const texts = {
    summary: writeCsv(SUMMARY, summary),
    costs: writeCsv(COSTS, costs),
    stages: writeCsv(STAGES, stages),
  };
  expect(readResults(texts)).toEqual(results);
});
