/**
 * Which inputs matter, from few evaluations: elementary effects along random trajectories through a grid (Morris 1991, Technometrics 33,
 * 161-174), ranked by the mean of their sizes (Campolongo, Cariboni and Saltelli 2007, Environ. Model. Softw. 22, 1509-1518).
 */
import { mean, sampleStandardDeviation } from 'simple-statistics';
import { streams } from '../../kernel/random.ts';
import { type Interval, interval } from '../statistics/interval.ts';

/** Levels of the grid: 0, 1/3, 2/3 and 1 of an input's range. */
export const LEVELS = 4;
/** Levels that a step moves an input by: p / (2 (p - 1)) of its range, with which every level is equally likely. */
export const STEP = LEVELS / 2;

export interface Trajectory {
  /** One more than there are inputs; each a level from 0 to LEVELS - 1 by input. */
  readonly levels: readonly (readonly number[])[];
  /** The input that step i, from point i to point i + 1, changes. */
  readonly changed: readonly number[];
}

/** What an input does to a figure, in the figure's unit for the whole of the input's range. */
export interface Effect {
  /** Mean size of the elementary effects with its interval over trajectories; `replications` is their number. */
  readonly muStar: Interval;
  /** Their mean with its sign. */
  readonly mu: number;
  /** Their standard deviation: large where the effect depends on the other inputs or is not linear; 0 of a single one. */
  readonly sigma: number;
}

/** As a share of the range, 0 to 1. */
export const shareOf = (level: number): number => level / (LEVELS - 1);

/** Each changes every input once. Streams are named by input, so that another input changes no level of these. */
export const trajectories = (inputs: readonly string[], count: number, seed: number): Trajectory[] => {
  const random = streams(seed, 0);
  return Array.from({ length: count }, (_, t) => {
    const draws = inputs.map((name) => {
      const stream = random.stream(`trajectory ${t} ${name}`);
      return { level: stream.integer(LEVELS), turn: stream.uniform() };
    });
    const changed = draws.map((_, input) => input).sort((a, b) => draws[a].turn - draws[b].turn || a - b);
    const levels = [draws.map(({ level }) => level)];
    for (const input of changed) {
      const next = [...levels[levels.length - 1]];
      next[input] += next[input] < STEP ? STEP : -STEP;
      levels.push(next);
    }
    return { levels, changed };
  });
};

/** @param values of the figure at each point of each trajectory; null where there is none: its steps are left out. @returns by input; null without any effect */
export const effects = (
  paths: readonly Trajectory[],
  values: readonly (readonly (number | null)[])[],
): (Effect | null)[] => {
  const found: number[][] = (paths[0]?.changed ?? []).map(() => []);
  paths.forEach(({ levels, changed }, t) => {
    changed.forEach((input, i) => {
      const [before, after] = [values[t][i], values[t][i + 1]];
      if (before === null || after === null) return;
      found[input].push((after - before) / shareOf(levels[i + 1][input] - levels[i][input]));
    });
  });
  return found.map(effectOf);
};

const effectOf = (each: readonly number[]): Effect | null => {
  if (each.length === 0) return null;
  return {
    muStar: interval(each.map(Math.abs)),
    mu: mean([...each]),
    sigma: each.length === 1 ? 0 : sampleStandardDeviation([...each]),
  };
};
