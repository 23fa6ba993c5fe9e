/** Decisions as people write them, and what is said where they are wrong. */
import { describe, expect, test } from 'vitest';
import { decisionsOf, readDecision } from './decision.ts';
import { changed, SHORT, workspace } from './workspace.test-support.ts';

const { load } = workspace();
const loaded = load(SHORT);
const texts = (...asked: string[]): string[] => decisionsOf(loaded, asked).map(({ text }) => text);

describe('a decision', () => {
  test('is an objective', () => {
    expect(readDecision('rpc p99 < 100us')).toMatchObject({
      kind: 'objective',
      subject: {
        workload: 'rpc',
        metric: 'latency',
        statistic: 'p99',
        below: true,
        limit: 100_000,
        unit: 'ns',
      },
    });
    expect(readDecision('cpu.host < 80 %')).toMatchObject({ subject: { as: 'of cores', unit: null } });
  });

  test('is an order, whichever way it is written', () => {
    const order = { kind: 'order', subject: { metric: 'latency', statistic: 'p99', workload: null } };
    expect(readDecision('p99: vhost-net < native')).toMatchObject({
      ...order,
      datapaths: ['vhost-net', 'native'],
    });
    expect(readDecision('latency.p99:native>vhost-net')).toMatchObject({
      ...order,
      datapaths: ['vhost-net', 'native'],
    });
  });

  test('is the best', () => {
    expect(readDecision('lowest rpc p99')).toMatchObject({
      kind: 'best',
      wanted: 'lowest',
      subject: { workload: 'rpc', metric: 'latency', statistic: 'p99' },
    });
    expect(readDecision('highest throughput.requests')).toMatchObject({
      wanted: 'highest',
      subject: { metric: 'throughput.requests', statistic: 'rate', unit: '1/s' },
    });
  });

  test.each([
    ['whatever', '"whatever" decides nothing: say an objective ("p99 < 100us"), an order'],
    ['lowest latencyy', 'there is no metric "latencyy"'],
    ['p99: native', '"p99: native" is no order of datapaths (expected e.g. p99: sriov < vhost-net)'],
    ['p99: native < vhost-net > native', 'is no order of datapaths'],
    ['p99: native < native', 'native stands there twice'],
    ['p99 < 5', '5'],
  ])('%s is none, and says so', (text, said) => {
    expect(() => texts(text)).toThrow(said);
    expect(() => texts(text)).toThrow(RangeError);
  });
});

describe('of a scenario', () => {
  test('the objectives of its capacity section are the default, else the lowest p99', () => {
    expect(texts()).toEqual(['lowest p99']);
    const capacity =
      'capacity: { vary: vms.web.count, from: 1, to: 2, slo: ["p99 < 100 us", "drops < 1e-5"] }\n';
    const given = load(`${SHORT}${capacity}`);
    expect(decisionsOf(given, []).map(({ text }) => text)).toEqual(['p99 < 100 us', 'drops < 1e-5']);
    expect(decisionsOf(given, ['lowest p50']).map(({ text }) => text)).toEqual(['lowest p50']);
  });

  test('names that it does not know are refused', () => {
    expect(() => texts('rcp p99 < 100us')).toThrow('no workload "rcp" — did you mean "rpc"?');
    expect(() => texts('p99: native < vhostnet')).toThrow(
      'no datapath "vhostnet" — did you mean "vhost-net"?',
    );
  });

  test('which is best takes two datapaths', () => {
    const one = load(changed(SHORT, '[native, vhost-net]', '[native]'));
    expect(() => decisionsOf(one, [])).toThrow('one datapath only');
    expect(decisionsOf(one, ['p99 < 1 ms'])).toHaveLength(1);
  });
});
