/** A case claims the rows of its device, in vmio's names; what the table does not have is refused with its place. */
import { describe, expect, test } from 'vitest';
import { METRICS, splitMetric } from '../scenario/metrics.ts';
import { formatMistake } from '../scenario/text/mistake.ts';
import { placeOf, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { countMetric } from './count-metrics.ts';
import { type CountedFigure, countedFigures, within } from './counts.ts';

const { load, write } = workspace();

write(
  `device,options,workload,size,qd,metric,per_op,min,max,repeats,structural
card,default,rr,64,1,exits_device,3,2.9,3.1,6,yes
card,default,rr,64,1,w:TDT,1,1,1,6,yes
card,default,rr,64,1,insns_work,900,890,910,6,yes
card,default,rr,64,1,bytes_per_kick,64,64,64,6,no
card,default,rr,1472,1,kicks,1,1,1,3,no
card,fast,rr,64,1,kicks,0,0,0,3,yes
`,
  'counts.csv',
);

const CASE = `${SHORT}cases: { small: {}, large: {} }
reference:
  kind: counted
  source: a driver that exists
  counts: counts.csv
  device: card
  options: default
  datapath: vhost-net
  operations: { small: { workload: rr, size: 64 }, large: { workload: rr, size: 1472 } }
`;

const expanded = (text: string) => {
  const loaded = load(text);
  const { reference } = loaded.base;
  if (reference?.kind !== 'counted') throw new RangeError('not counted');
  return countedFigures(loaded, reference);
};

const figures = (text: string): readonly CountedFigure[] => {
  const result = expanded(text);
  return 'figures' in result ? result.figures : [];
};

const mistakes = (text: string): string[] => {
  const result = expanded(text);
  return 'mistakes' in result ? result.mistakes.map((each) => formatMistake(each).replace(/^.*\//, '')) : [];
};

describe('a table of counts', () => {
  test('gives each metric of the rows that a case claims, and no instructions', () => {
    expect(figures(CASE).map(({ name, structural }) => [name, structural])).toEqual([
      ['exits_device', true],
      ['w:TDT', true],
      ['bytes_per_kick', false],
      ['kicks', false],
    ]);
    expect(figures(CASE)[2].compound).not.toHaveProperty('metric');
    expect(figures(CASE)[1].compound).toEqual({
      metric: 'exits.device',
      component: 'write TDT',
      datapath: 'vhost-net',
      where: { case: 'small' },
    });
  });

  test('that is not there, or has other columns, is refused', () => {
    const missing = CASE.replace('counts.csv', 'count.csv');
    expect(mistakes(missing)).toEqual([
      `short.yaml:${placeOf(missing, 'count.csv')}: reference.counts: there is no such file`,
    ]);
    write('a,b\n1,2\n', 'other.csv');
    expect(mistakes(CASE.replace('counts.csv', 'other.csv')).join()).toMatch(/has no column device, options/);
  });

  test('has the device, its options and each operation', () => {
    const device = CASE.replace('device: card', 'device: crad');
    expect(mistakes(device)).toEqual([
      `short.yaml:${placeOf(device, 'crad')}: reference.device: counts.csv has no "crad" here — did you mean "card"?`,
    ]);
    expect(mistakes(CASE.replace('options: default', 'options: fst')).join()).toMatch(/did you mean "fast"/);
    expect(mistakes(CASE.replace('size: 1472', 'size: 1500')).join()).toMatch(
      /reference\.operations\.large: counts\.csv has no row for rr, size 1500, qd 1/,
    );
  });
});

describe('a metric of the table', () => {
  const NAMES = [
    'exits_device',
    'reg_reads',
    'reg_writes',
    'kicks',
    'irq_raised',
    'irq_taken',
    'virtqueue_pop',
  ];

  test.each([...NAMES, 'virtqueue_flush', 'wire_tx_pkts', 'wire_rx_pkts', 'lapic_tmr_reads', 'w:notify_q1'])(
    '%s is one of ours',
    (name) => {
      const { metric = '' } = countMetric('e1000', name) ?? {};
      expect(METRICS).toContain(splitMetric(metric)?.metric);
    },
  );

  test('is a register where it says so, and nothing where we do not count it', () => {
    expect(countMetric('e1000', 'r:ICR')).toEqual({ metric: 'exits.device', component: 'read ICR' });
    expect(countMetric('e1000', 'bytes_per_kick')).toBeNull();
    expect(countMetric('e1000', 'constructor')).toBeNull();
  });
});

describe('a mean', () => {
  const of = (min: string, max: string): CountedFigure => ({
    ...{ name: 'kicks', compound: {}, structural: true },
    ...{ min, max },
  });

  test('lies in its range, ends included', () => {
    for (const value of [11.85, 12, 12.1]) expect(within(value, of('11.85', '12.1'), 1e6)).toBe(true);
    for (const value of [11.8, 12.2]) expect(within(value, of('11.85', '12.1'), 1e6)).toBe(false);
  });

  // Of 1,000 operations the window cuts one: a count of one each is known to a thousandth.
  test('may be off by the operation that the window cuts, and by no more', () => {
    expect(within(0.999, of('1', '1'), 1000)).toBe(true);
    expect(within(0.997, of('1', '1'), 1000)).toBe(false);
    expect(within(0.999, of('1', '1'), 1e6)).toBe(false);
  });
});
