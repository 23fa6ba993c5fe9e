/** From rows made by hand to figures beside their references: conversions, errors and judgements by arithmetic. */
import { describe, expect, test } from 'vitest';
import type { SummaryRow } from '../experiment/rows.ts';
import { SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { contradicts, evaluate } from './evaluate.ts';
import { errorOf, type ValidationRow } from './rows.ts';

const { load } = workspace();

const CASES = SHORT.replace('datapaths:', 'cases: { small: {}, large: {} }\ndatapaths:');
const [{ labels: small }, { labels: large }] = load(CASES).points;

const row = (over: Partial<SummaryRow>): SummaryRow => ({
  ...{ scenario: 'short', datapath: 'vhost-net', swept: small, vm: 'web', workload: 'rpc' },
  ...{ metric: 'latency', component: '', statistic: 'mean', unit: 'ns' },
  ...{ value: 40_000, ci_low: 39_000, ci_high: 41_000, replications: 5, verdict: 'steady' },
  ...over,
});

const counts = { workload: '', metric: 'kicks', unit: '1/request' };
const ROWS: readonly SummaryRow[] = [
  row({}),
  row({ datapath: 'native', value: 20_000, ci_low: 20_000, ci_high: 20_000 }),
  row({ swept: large, value: 50_000 }),
  row({ ...counts, value: 1 }),
  row({ ...counts, component: 'tx', value: 0.75 }),
  row({ workload: 'bulk', value: null, verdict: 'saturated: core0' }),
  row({ metric: 'throughput.requests', statistic: 'rate', unit: '1/s', value: 50_000 }),
];

const evaluated = (reference: string): ValidationRow[] => {
  const loaded = load(`${CASES}reference: ${reference}\n`);
  if (loaded.base.reference === undefined) throw new RangeError('no reference');
  return evaluate({ loaded, reference: loaded.base.reference, rows: ROWS }, []);
};

const RPC = 'metric: latency.mean, workload: rpc, datapath: vhost-net, where: { case: small }';
const published = (more: string, figure = RPC): ValidationRow =>
  evaluated(
    `{ kind: published, source: a paper that exists, figures: [{ name: figure, ${figure}, ${more} }] }`,
  )[0];

describe('a published figure', () => {
  test('stands beside what was measured, with its interval and error', () => {
    expect(published('measured: 32 us, rows: [M024]')).toMatchObject({
      ...{ scenario: 'short', datapath: 'vhost-net', swept: small, kind: 'published', unit: 'ns' },
      ...{
        simulated: 40_000,
        ci_low: 39_000,
        ci_high: 41_000,
        reference_low: 32_000,
        reference_high: 32_000,
      },
      ...{ error: 0.25, without: null, without_error: null, judgement: 'shown', rows: 'M024' },
    });
  });

  test('is halved, interval and simpler model too, where the tool prints half of a round trip', () => {
    const without = 'without: { datapath: native, because: nothing is virtual }';
    expect(published(`measured: 16 us, as: half of a round trip, ${without}`)).toMatchObject({
      ...{ simulated: 20_000, ci_low: 19_500, ci_high: 20_500, error: 0.25 },
      ...{ without: 10_000, without_error: -0.375 },
    });
  });

  test('between two VMs has no figure where bare metal has none', () => {
    const none = published(
      'measured: 30 us, as: half of a round trip between two VMs',
      RPC.replace('small', 'large'),
    );
    expect(none).toMatchObject({ simulated: null, judgement: 'none' });
    expect(none.remark).toContain('native');
  });

  // Bare metal 20 us, one VM adds 20 us; with a VM at each end 60 us, of which the tool prints half.
  test('between two VMs counts what one adds at each end', () => {
    expect(published('measured: 30 us, as: half of a round trip between two VMs')).toMatchObject({
      ...{ simulated: 30_000, error: 0 },
    });
  });

  test('is a sum, a ratio or a difference, without an interval of its own', () => {
    const kicks = 'metric: kicks, vm: web, where: { case: small }, datapath: vhost-net';
    const sum = published('measured: 2, plus: [{ component: tx }]', kicks);
    expect(sum).toMatchObject({ simulated: 1.75, error: -0.125, ci_low: null, ci_high: null });
    const ratio = published('measured: 2, ratioTo: { datapath: native }');
    expect(ratio).toMatchObject({ simulated: 2, unit: '1', error: 0 });
    const added = published('measured: 10 us, differenceTo: { datapath: native }');
    expect(added).toMatchObject({ simulated: 20_000, error: 1 });
  });

  test('may be an input; a model without the mechanism is another case, or a value', () => {
    expect(published('measured: 40 us, given: true').judgement).toBe('given');
    const other = published('measured: 40 us, without: { where: { case: large }, because: all is large }');
    expect(other).toMatchObject({ without: 50_000, without_error: 0.25 });
    const value = published('measured: 40 us, without: { value: 1 us, because: the wire alone }');
    expect(value).toMatchObject({ without: 1000, remark: 'without: the wire alone' });
  });

  test('may be a range, whose nearer end counts', () => {
    expect(published('measured: [30 us, 32 us]')).toMatchObject({ reference_low: 30_000, error: 0.25 });
    expect(published('measured: [30 us, 41 us]').error).toBe(0);
  });

  test('that the simulation does not have says why, and contradicts nothing', () => {
    const none = published('measured: 3 us', RPC.replace('rpc', 'bulk'));
    expect(none).toMatchObject({ simulated: null, error: null, judgement: 'none' });
    expect(none.remark).toContain('saturated: core0');
    expect(contradicts(none)).toBe(false);
  });
});

describe('a formula', () => {
  const theory = (model: string, figure = RPC): ValidationRow =>
    evaluated(
      `{ kind: theory, source: a book that exists, figures: [{ ${figure}, ${model}, tolerance: 1 % }] }`,
    )[0];

  // M/D/1 with a service of 20 us: at load 2/3 its mean is 40 us, at load 1/2 it is 30 us.
  test('holds within its tolerance and fails beyond', () => {
    const held = theory('model: M/D/1, service: 20 us, arrivals: 33.333333 k/s');
    expect(held).toMatchObject({ judgement: 'held', without: 20_000, simulated: 40_000 });
    expect(held.reference_low).toBeCloseTo(40_000, 1);
    const failed = theory('model: M/D/1, service: 20 us, arrivals: 25 k/s');
    expect(failed).toMatchObject({ judgement: 'failed', reference_low: 30_000 });
    expect(contradicts(failed)).toBe(true);
  });

  test('fails where the simulation has no figure', () => {
    const bulk = theory('model: M/D/1, service: 20 us, arrivals: 25 k/s', RPC.replace('rpc', 'bulk'));
    expect(bulk.judgement).toBe('failed');
  });
});

test('a count must lie in its range if it is structural, and is only shown if it depends on timing', () => {
  const loaded = load(`${CASES}reference:
  { kind: counted, source: a driver that exists, counts: c.csv, device: d, options: o, datapath: vhost-net, operations: {} }
`);
  const { reference } = loaded.base;
  if (reference === undefined) throw new RangeError('no reference');
  const compound = { metric: 'kicks', vm: 'web', datapath: 'vhost-net', where: { case: 'small' } };
  const count = (min: string, max: string, structural: boolean, component = '') => ({
    ...{ name: 'kicks', compound: { ...compound, component } },
    ...{ min, max, structural },
  });
  const counted = evaluate({ loaded, reference, rows: ROWS }, [
    count('1', '1', true),
    count('2', '3', true),
    count('2', '3', false),
    count('1', '1', true, 'control'),
    count('1', '1', false, 'control'),
    { ...count('1', '1', true), compound: { datapath: 'vhost-net', where: { case: 'small' } } },
  ]);
  const judgements = counted.map(({ judgement }) => judgement);
  expect(judgements).toEqual(['held', 'failed', 'shown', 'failed', 'none', 'none']);
  expect(counted.map(({ error }) => error)).toEqual([0, -0.5, -0.5, null, null, null]);
  expect(counted.at(-1)?.remark).toBe('vmio does not count this');
});

test('an error is the distance to the nearer end, as a share of it', () => {
  expect(errorOf(11, 8, 10)).toBeCloseTo(0.1, 12);
  expect(errorOf(6, 8, 10)).toBe(-0.25);
  expect(errorOf(9, 8, 10)).toBe(0);
  expect(errorOf(1, 0, 0)).toBeNull();
  expect(errorOf(null, 8, 10)).toBeNull();
});
