/** What a run is going to do, in a line, and point by point. */
import type { LoadedScenario } from '../scenario/load.ts';

export const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Each point on each of its datapaths: a case may bring its own. */
const combinationsOf = ({ points }: LoadedScenario): number =>
  points.reduce((sum, { scenario }) => sum + scenario.datapaths.length, 0);

/** Trials to run in any case; a `precision:` may ask for more. */
export const trialsOf = ({ points }: LoadedScenario): number =>
  points.reduce((sum, { scenario: { datapaths, run } }) => sum + datapaths.length * run.replications, 0);

const product = (loaded: LoadedScenario): string => {
  const counts = loaded.points.map(({ scenario }) => scenario.datapaths.length);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const each = least === most ? plural(most, 'datapath') : `${least} to ${plural(most, 'datapath')}`;
  return `${plural(counts.length, 'point')} × ${each} = ${combinationsOf(loaded)}`;
};

export const headline = (loaded: LoadedScenario): string => {
  const { name, points, base } = loaded;
  const least = Math.min(...points.map(({ scenario }) => scenario.run.replications));
  const without = loaded.leftOut === 0 ? '' : `, ${plural(loaded.leftOut, 'point')} left out by where`;
  return `${name}   ${product(loaded)}, at least ${plural(least, 'replication')} each, seed ${base.run.seed}${without}`;
};

/** Each point with its datapaths. */
export const agenda = ({ points }: LoadedScenario): string[] =>
  points.map(({ labels, scenario }) => {
    const at = Object.entries(labels).map(([path, value]) => `${path} ${value}`);
    return `  ${at.length === 0 ? 'as written' : at.join(', ')}: ${scenario.datapaths.join(', ')}`;
  });
