/** Machines lie in the ranges, each part of them equally often. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Profile } from '../../scenario/profile.ts';
import { SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { figureAt, plausibleMachines, type UncertainCost, uncertainCosts } from './plausible.ts';

const { load } = workspace();
const [{ profile }] = load(SHORT).points;

const withCosts = (costs: Profile['costs']): Profile => ({ ...profile, costs });
const all = (costs: Profile['costs']): UncertainCost[] =>
  uncertainCosts(withCosts(costs), new Set(Object.keys(costs)));

describe('a cost is uncertain', () => {
  test('where it is charged and its range is wider than a point', () => {
    const kind = 'assumed' as const;
    const costs: Profile['costs'] = {
      known: { cycles: 10, kind },
      point: { cycles: 10, range: [10, 10], kind },
      work: { cycles: 10, range: [5, 20], kind },
      time: { ns: 10, range: [5, 20], kind },
      both: { cycles: 10, ns: 3, range: [5, 20], kind },
      guess: { cycles: 100, range: [10, 1000], kind },
      free: { cycles: 0, range: [0, 1000], kind },
    };
    expect(all(costs).map(({ cost, unit, scale }) => [cost, unit, scale])).toEqual([
      ['work', 'cycles', 'linear'],
      ['time', 'ns', 'linear'],
      ['both', 'cycles', 'linear'],
      ['guess', 'cycles', 'log'],
      ['free', 'cycles', 'linear'],
    ]);
    expect(uncertainCosts(withCosts(costs), new Set(['time']))).toHaveLength(1);
  });
});

describe('a figure', () => {
  const of = (low: number, high: number): UncertainCost =>
    all({ x: { cycles: low, range: [low, high], kind: 'assumed' } })[0];

  test('goes from one end to the other, by difference or by factor', () => {
    expect([0, 0.5, 1].map((share) => figureAt(of(100, 300), share))).toEqual([100, 200, 300]);
    const [low, middle, high] = [0, 0.5, 1].map((share) => figureAt(of(10, 1000), share));
    expect(low).toBeCloseTo(10, 10);
    expect(middle).toBeCloseTo(100, 9);
    expect(high).toBeCloseTo(1000, 8);
  });
});

describe('plausible machines', () => {
  const some = uncertainCosts(profile, new Set(Object.keys(profile.costs)));

  test('have each cost once in each of as many parts of its range as there are machines', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), fc.nat(1000), (size, seed) => {
        const machines = plausibleMachines(some.slice(0, 5), size, seed);
        for (let cost = 0; cost < 5; cost++) {
          const parts = machines.map((shares) => Math.floor(shares[cost] * size));
          expect(new Set(parts).size).toBe(size);
          expect(Math.min(...parts)).toBe(0);
          expect(Math.max(...parts)).toBe(size - 1);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('keep the figures of a cost when others join', () => {
    const few = plausibleMachines(some.slice(0, 2), 16, 1);
    expect(plausibleMachines(some, 16, 1).map((shares) => shares.slice(0, 2))).toEqual(few);
  });
});
