/** The words about an invented answer. */
import { describe, expect, test } from 'vitest';
import type { CostEffect, Ranking, Sensitivity } from '../../experiment/sensitivity/sensitivity.ts';
import { wilson } from '../../experiment/statistics/wilson.ts';
import { sensitivityText } from './sensitivity-text.ts';

const effect = (cost: string, mean: number, sigma: number): CostEffect => ({
  of: {
    cost,
    low: 800,
    high: 3000,
    unit: 'cycles',
    scale: 'linear',
    kind: 'assumed',
    source: 'assumed: a guess',
  },
  muStar: { mean, low: mean - 400, high: mean + 400, halfWidth: 400, replications: 10 },
  mu: mean,
  sigma,
});
const ranking = (datapaths: string[], ...effects: CostEffect[]): Ranking => ({
  datapaths,
  effects,
  leftOut: 0,
});
const kick = effect('exit.kick', 3100, 400);
const answer = (datapath: string, count: number): Sensitivity['datapaths'][number] => ({
  datapath,
  spread: { asWritten: 13_500, p5: 13_000, median: 14_000, p95: Number.POSITIVE_INFINITY },
  share: wilson(count, 64),
  ranking: ranking([datapath], kick),
});
const best: Sensitivity = {
  swept: {},
  decision: { kind: 'best', text: 'lowest p99' },
  figure: 'p99',
  owner: 'rpc',
  unit: 'ns',
  datapaths: [answer('vhost-net', 0), answer('sriov', 64)],
  order: null,
  difference: ranking(['sriov', 'vhost-net'], kick, effect('wake.waker', 1000, 600)),
};

describe('the answer in words', () => {
  const text = sensitivityText([best]);

  test('says how sure the best is', () => {
    expect(text).toMatch(/^rpc · lowest p99\n/);
    expect(text).toMatch(
      /^sriov has the lowest p99 of rpc on 64 of 64 plausible machines \(94 % to 100 %\)$/m,
    );
    expect(text).toContain('none of these machines decides otherwise');
    expect(text).toMatch(/^sriov .* 13.0 µs to saturated {2}64 of 64 \(94 % to 100 %\)$/m);
  });

  test('says which cost to measure next, and where it depends on others', () => {
    const words = text.replaceAll(/\n */g, ' ');
    expect(words).toContain(
      'exit.kick (assumed, 800 to 3000 cycles): over its range p99 of rpc of sriov − vhost-net moves by 3.10 µs ± 0.40;',
    );
    expect(words).toContain('over its range it moves by 1.00 µs ± 0.40, which depends on others');
  });

  test('shows range, kind and source of a cost', () => {
    expect(text).toMatch(
      /^ {2}exit.kick +800 to 3000 cycles {2}assumed +3.10 µs ± 0.40 +400 ns {2}a guess$/m,
    );
  });

  test('does not call sure what some machine decides otherwise', () => {
    const open = sensitivityText([{ ...best, datapaths: [answer('vhost-net', 1), answer('sriov', 63)] }]);
    expect(open).not.toContain('none of these machines');
  });

  test('fits 110 columns', () => {
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  test('speaks of an objective by datapath, and of an order as a whole', () => {
    const objective = { kind: 'objective', text: 'rpc p99 < 100us' } as const;
    const held = sensitivityText([{ ...best, decision: objective, difference: null }]);
    expect(held).toMatch(/^vhost-net holds rpc p99 < 100us on 0 of 64 plausible machines \(0 % to 6 %\)$/m);
    const order = { kind: 'order', text: 'p99: sriov < vhost-net' } as const;
    const ordered = sensitivityText([{ ...best, decision: order, order: wilson(32, 64) }]);
    expect(ordered).toMatch(
      /^p99: sriov < vhost-net for rpc is so on 32 of 64 plausible machines \(38 % to 62 %\)$/m,
    );
  });
});
