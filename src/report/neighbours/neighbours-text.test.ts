/** The matrix and its words, of neighbourhoods made up for the purpose. */
import { describe, expect, test } from 'vitest';
import type { Beside, Cell, Sufferer } from '../../experiment/neighbours/interference.ts';
import type { Neighbourhood } from '../../experiment/neighbours/neighbourhood.ts';
import { interval } from '../../experiment/statistics/interval.ts';
import { differs, pairedDifference } from '../../experiment/statistics/paired.ts';
import { neighbourFigures } from './figures.ts';
import { neighboursText } from './neighbours-text.ts';

const SATURATED: Cell = { p99: null, verdict: 'saturated: core3: vhost backup' };
/** p99 in µs of three replications. */
const cell = (around: number, verdict = 'steady'): Cell => ({
  p99: interval([around * 999, around * 1000, around * 1001]),
  verdict,
});
const beside = (others: string[], there: Cell, alone: Cell): Beside => {
  if (there.p99 === null || alone.p99 === null) return { others, cell: there, added: null };
  const values = [there, alone].map(({ p99 }) => {
    const { mean } = p99 as NonNullable<Cell['p99']>;
    return [mean * 0.999, mean, mean * 1.001];
  });
  const difference = pairedDifference(values[0], values[1]);
  const factor = there.p99.mean / alone.p99.mean;
  return { others, cell: there, added: { difference, factor, sure: differs(difference) } };
};
/** A VM with one workload. @param cells alone, beside each other VM, and beside all. */
const sufferer = (vm: string, workload: string, others: string[], cells: Cell[]): Sufferer => ({
  vm,
  workload,
  alone: cells[0],
  besideOne: others.map((other, i) => beside([other], cells[i + 1], cells[0])),
  besideAll: beside(others, cells[others.length + 1], cells[0]),
});
const exactly = (value: number) => interval([value, value, value]);

const TRIO: Neighbourhood = {
  datapath: 'vhost-net',
  swept: { case: 'shared', 'workloads.rpc.rate': '17782.794 /s' },
  tenants: ['web', 'feed', 'backup'],
  idle: [],
  sufferers: [
    sufferer('web', 'rpc', ['feed', 'backup'], [cell(100), cell(90), cell(1000), cell(1100)]),
    sufferer('feed', 'ticks', ['web', 'backup'], [cell(20), cell(20), SATURATED, SATURATED]),
    sufferer(
      'backup',
      'copy',
      ['web', 'feed'],
      [cell(70), cell(70, 'short'), { p99: null, verdict: 'steady' }, cell(70)],
    ),
  ],
  fairness: {
    normalised: new Map([
      ['web', exactly(0.5)],
      ['feed', exactly(0.25)],
      ['backup', exactly(1)],
    ]),
    jain: exactly(0.7778),
  },
  isolation: {
    coresShared: 4,
    coresOwn: 6,
    cpuShared: exactly(2.5),
    cpuOwn: exactly(3),
    cpuDifference: exactly(0.5),
  },
};

/** Without the legend. */
const lines = (neighbourhood: Neighbourhood, width?: number): string[] =>
  neighboursText([neighbourhood], width === undefined ? {} : { width })
    .split('\n\n')[0]
    .split('\n');
const matrix = (neighbourhood: Neighbourhood): string[][] =>
  lines(neighbourhood)
    .slice(1, 5)
    .map((line) => line.split(/ {2,}/));

describe('the matrix', () => {
  test('has a row for who suffers and a column for each company', () => {
    expect(lines(TRIO)[0]).toBe('vhost-net · case = shared · workloads.rpc.rate = 17.8 k/s');
    const rows = matrix(TRIO);
    expect(rows[0]).toEqual(['p99', 'alone', 'with web', 'with feed', 'with backup', 'with all']);
    expect(rows[1].map((text) => text.replace(/ ± .*/, ''))).toEqual([
      'web: rpc',
      '100.0 µs',
      '·',
      '90.0 µs',
      '1.000 ms',
      '1.100 ms',
    ]);
    expect(rows[2].slice(3)).toEqual(['·', 'saturated', 'saturated']);
    expect(rows[3].slice(2, 5)).toEqual([expect.stringMatching(/^70\.0 µs ± 0\.\d \*$/), '–', '·']);
    expect(lines(TRIO)).toContain('* the run is too short for this figure to be believed');
    expect(lines(TRIO)).toContain('– fewer than 500 requests in a replication, or not simulated');
  });

  test('has no column for all where there are two', () => {
    const pair: Neighbourhood = {
      ...TRIO,
      tenants: ['web', 'feed'],
      sufferers: [
        sufferer('web', 'rpc', ['feed'], [cell(100), cell(100), cell(100)]),
        sufferer('feed', 'ticks', ['web'], [cell(20), cell(20), cell(20)]),
      ],
    };
    expect(matrix(pair)[0]).toEqual(['p99', 'alone', 'with web', 'with feed']);
  });

  // Names take 14 columns, and figures without intervals 9, 11, 11, 13 and 9.
  test.each([
    [110, 1],
    [80, 1],
    [60, 2],
    [40, 3],
  ])('fits %i columns, in %i parts: without intervals first', (width, parts) => {
    const all = lines(TRIO, width);
    // A heading and words of harm are not cut.
    const table = all.slice(
      1,
      all.findIndex((line) => line.startsWith('*')),
    );
    for (const line of table) expect(line.length).toBeLessThanOrEqual(width);
    expect(table.join('\n').includes('±')).toBe(width === 110);
    expect(table.filter((line) => line.startsWith('web: rpc'))).toHaveLength(parts);
    expect(table.join(' ')).toContain('with all');
  });
});

describe('the words', () => {
  test('name who adds most and who takes off, gravest first', () => {
    const all = lines(TRIO);
    const from = all.indexOf('who hurts whom most, paired differences with 95 % intervals');
    expect(all.slice(from + 1, from + 5).map((line) => line.replace(/ ± [\d.]+/, ''))).toEqual([
      '  backup saturates feed: ticks',
      '  backup adds 900 µs to the p99 of web: rpc (× 10)',
      '  feed takes 10.00 µs off the p99 of web: rpc (× 0.900)',
      '  no neighbour beside which it is known is seen to change the p99 of backup: copy by 1 % or more',
    ]);
  });

  test('say when only all together saturate, and why there is nothing to compare with', () => {
    const together = sufferer('web', 'rpc', ['feed', 'backup'], [cell(100), cell(100), cell(100), SATURATED]);
    const alone = sufferer('feed', 'ticks', ['web', 'backup'], [SATURATED, SATURATED, SATURATED, SATURATED]);
    const missing: Cell = { p99: null, verdict: '' };
    const few: Cell = { p99: null, verdict: 'steady' };
    const unbound: Cell = { p99: null, verdict: 'unbound: no driver' };
    const without = [missing, few, unbound].map((none, i) =>
      sufferer(`vm${i}`, 'tx', ['web', 'feed'], [none, none, none, none]),
    );
    const all = lines({ ...TRIO, sufferers: [together, alone, ...without] });
    expect(all).toContain('  vm0: tx was not simulated alone');
    expect(all).toContain('  vm1: tx has too few requests alone for a p99: raise run.measure');
    expect(all).toContain('  vm2: tx has no network');
    expect(all).toContain('  only all others together saturate web: rpc');
    expect(all).toContain('  feed: ticks saturates even alone');
  });

  test('give the fairness of throughput, and the price of isolation beside what it buys', () => {
    const text = lines(TRIO).join('\n').replaceAll('\n  ', ' ');
    expect(text).toContain(
      "Jain's index 0.778 of throughput with all / alone (web 0.50, feed 0.25, backup 1.00)",
    );
    expect(text).toContain(
      'price of isolation: 6 instead of 4 cores for 3 VMs, 3.00 instead of 2.50 cores of CPU used; at best',
    );
    expect(text).toMatch(
      /p99 of web: rpc falls by 1\.\d+ ms ± [\d.]+ \(÷ 11\), feed: ticks saturates no more$/,
    );
  });

  test('say so where nothing is to be gained', () => {
    const calm = sufferer('web', 'rpc', ['feed', 'backup'], [cell(100), cell(100), cell(100), cell(100)]);
    const isolation = { ...TRIO.isolation, coresShared: 6, cpuOwn: exactly(2.5), cpuDifference: exactly(0) };
    const own = {
      ...TRIO,
      sufferers: [calm],
      isolation: isolation as NonNullable<Neighbourhood['isolation']>,
    };
    const text = lines({ ...own, idle: ['spare'] })
      .join('\n')
      .replaceAll('\n  ', ' ');
    expect(text).toContain(
      'price of isolation: no further core, as the 3 VMs have 6 to themselves, as much CPU used, 2.50 cores; at best no p99 is seen to change by 1 % or more',
    );
    expect(text).toContain('without workloads, and there in every column: spare');
  });
});

test('the records have each cell, each difference and each figure of all', () => {
  const figures = neighbourFigures('trio', TRIO);
  const of = (figure: string) => figures.filter((each) => each.figure === figure);
  expect(of('p99')).toHaveLength(3 * 4);
  expect(of('p99').filter(({ value }) => value === null)).toHaveLength(3);
  // Not of cells without a p99.
  expect(of('p99.added')).toHaveLength(3 + 1 + 2);
  expect(of('p99.added')[1]).toMatchObject({ vm: 'web', others: ['backup'], unit: 'ns', factor: 10 });
  expect(of('throughput.normalised').map(({ vm, value }) => [vm, value])).toEqual([
    ['web', 0.5],
    ['feed', 0.25],
    ['backup', 1],
  ]);
  expect(of('throughput.jain')).toMatchObject([{ vm: '', value: 0.7778, others: ['web', 'feed', 'backup'] }]);
  expect(
    ['cores.shared', 'cores.own', 'cpu.shared', 'cpu.own', 'cpu.added'].map((name) => of(name)[0].value),
  ).toEqual([4, 6, 2.5, 3, 0.5]);
  for (const each of figures) {
    expect(each).toMatchObject({ scenario: 'trio', datapath: 'vhost-net', swept: TRIO.swept });
  }
});
