/** A reference that speaks of what the scenario does not run, or in other units, is refused with its place. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { placeOf, SCENARIOS, SHORT, workspace } from './workspace.test-support.ts';

const { load, mistakes } = workspace();

const FIGURE =
  '{ name: round trip, metric: latency.mean, workload: rpc, datapath: vhost-net, measured: 30 us }';
const published = (figure = FIGURE): string =>
  `${SHORT}reference:\n  kind: published\n  source: a paper that exists\n  figures:\n    - ${figure}\n`;
const with_ = (more: string): string => published(FIGURE.replace(' }', `, ${more} }`));

const QUEUE =
  '{ metric: latency.mean, workload: rpc, model: M/D/1, arrivals: 500 k/s, service: 1 us, tolerance: 2 % }';
const theory = (figure = QUEUE): string =>
  `${SHORT}reference:\n  kind: theory\n  source: a book that exists\n  figures:\n    - ${figure}\n`;

const COUNTED = `${SHORT}cases: { one: {}, two: {} }
reference:
  kind: counted
  source: drivers that exist
  counts: counts.csv
  device: e1000
  options: default
  datapath: vhost-net
  operations: { two: { workload: rr, size: 64 } }
`;

/** One mistake, at `needle`, whose path and message are given. */
const refused = (text: string, needle: string, told: string): void => {
  expect(mistakes(text)).toEqual([`short.yaml:${placeOf(text, needle)}: reference.${told}`]);
};

test('what speaks of the scenario is accepted, of each kind', () => {
  for (const text of [published(), theory(), COUNTED]) expect(mistakes(text)).toEqual([]);
  expect(load(published()).base.reference?.kind).toBe('published');
});

test('the example of the docs is accepted as it stands', () => {
  const docs = readFileSync(path.join(SCENARIOS, '../docs/VALIDATION.md'), 'utf8');
  const [, example = ''] = /```yaml\n(reference:\n {2}kind: published\n[\s\S]*?)```/.exec(docs) ?? [];
  expect(example).toContain('measured:');
  expect(mistakes(`${SHORT}${example}`)).toEqual([]);
});

describe('a published figure', () => {
  test('names metric, workload and datapath that there are', () => {
    const metric = published(FIGURE.replace('latency.mean', 'latancy.mean'));
    refused(
      metric,
      'latancy',
      'figures[0].metric: there is no metric "latancy.mean" — did you mean "latency"?',
    );
    const workload = published(FIGURE.replace('workload: rpc', 'workload: rcp'));
    refused(workload, 'rcp', 'figures[0].workload: there is no workload "rcp" — did you mean "rpc"?');
    const datapath = with_('without: { datapath: sriov, because: no host is in the way }');
    refused(datapath, 'sriov', 'figures[0].without.datapath: the scenario does not run "sriov"');
    const part = with_('plus: [{ where: { case: one } }]');
    expect(mistakes(part).join()).toMatch(/reference\.figures\[0\]\.plus.*does not sweep "case"/);
  });

  test('has the unit of its metric, and so has what is said without the mechanism', () => {
    expect(mistakes(published(FIGURE.replace('30 us', '30'))).join()).toMatch(
      /figures\[0\]\.measured: .*unit/,
    );
    const value = with_('without: { value: 3 k/s, because: the wire alone }');
    expect(mistakes(value).join()).toMatch(/figures\[0\]\.without\.value/);
    // A ratio has none.
    const ratio = with_('ratioTo: { datapath: native }').replace('30 us', '1.5');
    expect(mistakes(ratio)).toEqual([]);
  });

  test('is converted only from a latency, and between two VMs only beside bare metal', () => {
    expect(mistakes(with_('as: half of a round trip'))).toEqual([]);
    const rate = published(
      '{ name: rate, metric: throughput.requests, measured: 3 k/s, as: half of a round trip }',
    );
    refused(rate, 'half', 'figures[0].as: converts latencies only');
    const alone = with_('as: half of a round trip between two VMs').replace(
      '[native, vhost-net]',
      '[vhost-net]',
    );
    refused(alone, 'half', 'figures[0].as: needs the bare-metal path: the scenario does not run "native"');
  });

  test('says what is left without the mechanism', () => {
    const nothing = with_('without: { because: nothing at all }');
    refused(nothing, '{ because', 'figures[0].without: says neither another case or datapath nor a value');
    expect(mistakes(with_('without: { datapath: native }')).join()).toMatch(/without.*because/);
  });

  test('names rows by their number, and unknown keys by the nearest', () => {
    expect(mistakes(with_('rows: [24]')).join()).toMatch(/rows\[0\]/);
    expect(mistakes(with_('mesured: 3 us')).join()).toMatch(/unknown key "mesured".*did you mean "measured"/);
  });
});

describe('a formula', () => {
  test('gives a mean latency of a queue that has one', () => {
    const p99 = theory(QUEUE.replace('latency.mean', 'latency.p99'));
    refused(p99, 'latency.p99', 'figures[0].metric: a formula gives latency.mean only');
    const full = theory(QUEUE.replace('500 k/s', '1 M/s'));
    refused(full, '{ metric', 'figures[0]: the load is 1: a queue has a mean below 1 only');
  });

  test('has a variation with M/G/1 only, and servers with M/M/c only', () => {
    const bare = theory(QUEUE.replace('M/D/1', 'M/G/1'));
    refused(bare, '{ metric', 'figures[0].variation: goes with M/G/1, and only with it');
    expect(mistakes(theory(QUEUE.replace('M/D/1', 'M/G/1, variation: 0.5')))).toEqual([]);
    const servers = theory(QUEUE.replace('M/D/1', 'M/D/1, servers: 2'));
    refused(servers, '2, arrivals', 'figures[0].servers: goes with M/M/c, and only with it');
    expect(mistakes(theory(QUEUE.replace('M/D/1', 'M/M/c, servers: 2')))).toEqual([]);
  });
});

test('counts stand for cases and a datapath that the scenario runs', () => {
  const datapath = COUNTED.replace('datapath: vhost-net', 'datapath: vhost-nat');
  refused(
    datapath,
    'vhost-nat',
    'datapath: the scenario does not run "vhost-nat" — did you mean "vhost-net"?',
  );
  const operation = COUNTED.replace('{ two: { workload', '{ three: { workload');
  expect(mistakes(operation).join()).toMatch(/reference\.operations\.three\.where: case is never "three"/);
});
