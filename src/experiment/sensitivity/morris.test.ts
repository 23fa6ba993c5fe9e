/** Designs keep Morris's rules, and functions with known effects have these. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Effect, effects, LEVELS, STEP, shareOf, type Trajectory, trajectories } from './morris.ts';

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `x${i}`);

/** Effects of a function of shares. */
const effectsOf = (
  f: (...x: number[]) => number,
  inputs: number,
  { count = 40, seed = 1 } = {},
): (Effect | null)[] => {
  const paths = trajectories(namesOf(inputs), count, seed);
  return effects(
    paths,
    paths.map(({ levels }) => levels.map((point) => f(...point.map(shareOf)))),
  );
};

const designs = fc.record({
  inputs: fc.integer({ min: 0, max: 12 }),
  count: fc.integer({ min: 1, max: 5 }),
  seed: fc.nat(1000),
});

describe('a trajectory', () => {
  test('changes every input once, each step one by half of the levels, inside the grid', () => {
    fc.assert(
      fc.property(designs, ({ inputs, count, seed }) => {
        const paths = trajectories(namesOf(inputs), count, seed);
        expect(paths).toHaveLength(count);
        for (const { levels, changed } of paths) {
          expect([...changed].sort((a, b) => a - b)).toEqual(namesOf(inputs).map((_, i) => i));
          expect(levels).toHaveLength(inputs + 1);
          expect(levels.flat().every((level) => level >= 0 && level < LEVELS)).toBe(true);
          changed.forEach((input, step) => {
            const moved = levels[step].map((level, i) => Math.abs(levels[step + 1][i] - level));
            expect(moved).toEqual(levels[step].map((_, i) => (i === input ? STEP : 0)));
          });
        }
      }),
    );
  });

  test('is the same for the same seed, and another one for another', () => {
    const names = namesOf(10);
    expect(trajectories(names, 5, 7)).toEqual(trajectories(names, 5, 7));
    expect(trajectories(names, 5, 7)).not.toEqual(trajectories(names, 5, 8));
  });

  test('keeps the levels of an input when another one joins', () => {
    const startOf = ({ levels: [start] }: Trajectory) => start.slice(0, 3);
    const [three, four] = [3, 4].map((inputs) => trajectories(namesOf(inputs), 8, 1).map(startOf));
    expect(four).toEqual(three);
  });

  // Binomial: 4000 draws of 1/4 have a standard deviation of 27.
  test('starts at every level equally often', () => {
    const starts = trajectories(namesOf(4), 1000, 1).flatMap(({ levels: [start] }) => start);
    for (let level = 0; level < LEVELS; level++) {
      const count = starts.filter((each) => each === level).length;
      expect(Math.abs(count - 1000)).toBeLessThan(4 * 27.4);
    }
  });
});

describe('effects', () => {
  test('of a linear function are its coefficients, without any spread', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 10 }), (a) => {
        const found = effectsOf((...x) => a.reduce((sum, each, i) => sum + each * x[i], 5), a.length);
        found.forEach((effect, i) => {
          expect(effect?.muStar.mean).toBeCloseTo(Math.abs(a[i]), 8);
          expect(effect?.mu).toBeCloseTo(a[i], 8);
          expect(effect?.sigma).toBeCloseTo(0, 8);
        });
      }),
      { numRuns: 50 },
    );
  });

  test('of an input that is not used are nothing at all', () => {
    expect(effectsOf((x) => 3 * x * x, 2)[1]).toMatchObject({
      mu: 0,
      sigma: 0,
      muStar: { mean: 0, halfWidth: 0 },
    });
  });

  // EE of x is y at the time: of 0, 1/3, 2/3, 1 alike, so the mean is 1/2 and the variance 5/36.
  test('of a product depend on the other factor', () => {
    for (const effect of effectsOf((x, y) => x * y, 2, { count: 4000 })) {
      const { muStar, sigma } = effect as Effect;
      expect(Math.abs(muStar.mean - 0.5)).toBeLessThan(4 * Math.sqrt(5 / 36 / 4000));
      expect(sigma).toBeCloseTo(Math.sqrt(5 / 36), 1);
    }
  });

  // Up and down on the two halves of the range: the mean says nothing, the mean size does (Campolongo et al.'s point).
  test('that cancel are seen in their sizes', () => {
    const [effect] = effectsOf((x) => Math.abs(x - 0.5), 1, { count: 200 }) as Effect[];
    // 0 to 2/3: 1/2 to 1/6; 1/3 to 1: 1/6 to 1/2; each over 2/3 of the range.
    expect(effect.muStar.mean).toBeCloseTo(0.5, 12);
    expect(Math.abs(effect.mu)).toBeLessThan(0.2);
    expect(effect.sigma).toBeGreaterThan(0.45);
  });

  /**
   * Sobol's g-function, the product of (|4x - 2| + a) / (1 + a): on this grid each step of x moves its factor by (4/3) / (1 + a), and the
   * other factors are (4/3 + a) / (1 + a) on average.
   */
  test("of Sobol's g-function rank its inputs as theory does", () => {
    const a = [0, 1, 4.5, 9, 99];
    const g = (...x: number[]): number =>
      a.reduce((product, each, i) => (product * (Math.abs(4 * x[i] - 2) + each)) / (1 + each), 1);
    const found = effectsOf(g, a.length, { count: 2000 }) as Effect[];
    a.forEach((own, i) => {
      const others = a.filter((_, j) => j !== i).reduce((product, b) => (product * (4 / 3 + b)) / (1 + b), 1);
      const { mean, halfWidth } = found[i].muStar;
      // Twice the half width of 95 % is four standard errors.
      expect(Math.abs(mean - (2 / (1 + own)) * others)).toBeLessThan(2 * halfWidth);
    });
    const sizes = found.map(({ muStar }) => muStar.mean);
    expect(sizes).toEqual([...sizes].sort((x, y) => y - x));
  });

  test('leave out steps to where there is no figure', () => {
    const path: Trajectory = {
      levels: [
        [0, 0],
        [2, 0],
        [2, 2],
      ],
      changed: [0, 1],
    };
    expect(effects([path], [[1, null, 4]])).toEqual([null, null]);
    expect(effects([path], [[1, 3, null]])).toMatchObject([{ mu: 3, sigma: 0 }, null]);
  });
});
