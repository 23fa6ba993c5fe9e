import { expect, test } from 'vitest';
import { streams } from '../kernel/random.ts';
import { ps } from '../units.ts';
import { type Cost, CostTable, type Price } from './cost.ts';

const table = (prices: Record<string, Price>, seed = 1): CostTable => {
  const random = streams(seed, 0);
  return new CostTable(new Map(Object.entries(prices)), (name) => random.stream(name));
};

const drawn = (cost: Cost, count: number): number[] => Array.from({ length: count }, () => cost.draw!());
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('a constant price is never drawn', () => {
  expect(table({ copy: { fixed: ps(40) } }).cost('copy')).toEqual({
    id: 0,
    name: 'copy',
    price: 40,
    draw: null,
  });
  expect(table({ copy: { fixed: ps(40), variation: 0, stallProbability: 0 } }).cost('copy').draw).toBeNull();
});

test('costs are numbered in the order of the profile', () => {
  const costs = table({ copy: { fixed: ps(1) }, exit: { fixed: ps(2) } });
  expect([costs.size, costs.names, costs.cost('exit').id]).toEqual([2, ['copy', 'exit'], 1]);
});

test('a cost that the profile does not have is refused by name', () => {
  expect(() => table({ copy: { fixed: ps(1) } }).cost('vhost.cpoy')).toThrow('vhost.cpoy');
});

test.each([0.2, 1, 2])(
  'a price with coefficient of variation %f keeps its mean and its spread',
  (variation) => {
    const draws = drawn(table({ copy: { fixed: ps(1e6), variation } }).cost('copy'), 200_000);
    const average = mean(draws);
    // Four standard errors of a mean; the draws are whole picoseconds.
    expect(Math.abs(average - 1e6)).toBeLessThan((4 * variation * 1e6) / Math.sqrt(draws.length));
    expect(draws.every(Number.isInteger)).toBe(true);
    const logs = draws.map(Math.log);
    const centre = mean(logs);
    const spread = Math.sqrt(mean(logs.map((x) => (x - centre) ** 2)));
    // The logarithm is normal with variance ln(1 + cv^2); the standard error of a deviation is sigma / sqrt(2n).
    const sigma = Math.sqrt(Math.log1p(variation ** 2));
    expect(Math.abs(spread - sigma)).toBeLessThan((4 * sigma) / Math.sqrt(2 * draws.length));
  },
);

test('a price with a sigma has its figure as median', () => {
  const draws = drawn(table({ wake: { fixed: ps(1e6), sigma: 0.5 } }).cost('wake'), 100_000);
  const below = draws.filter((draw) => draw < 1e6).length / draws.length;
  expect(Math.abs(below - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / draws.length));
});

test('a stall is added with its probability, and nothing else varies', () => {
  const draws = drawn(
    table({ io: { fixed: ps(100), stallProbability: 0.1, stall: ps(5000) } }).cost('io'),
    50_000,
  );
  expect(new Set(draws)).toEqual(new Set([100, 5100]));
  const stalled = draws.filter((draw) => draw === 5100).length / draws.length;
  expect(Math.abs(stalled - 0.1)).toBeLessThan(4 * Math.sqrt(0.09 / draws.length));
});

test('one more cost in the table changes nobody’s draws', () => {
  const copy = { fixed: ps(1e6), variation: 0.3 };
  const alone = drawn(table({ copy }).cost('copy'), 100);
  const beside = table({ exit: { fixed: ps(1e6), variation: 0.3 }, copy });
  drawn(beside.cost('exit'), 7);
  expect(drawn(beside.cost('copy'), 100)).toEqual(alone);
});
