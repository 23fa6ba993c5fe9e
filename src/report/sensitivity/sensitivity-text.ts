/** How sure a decision is over the plausible machines, and which cost to measure next, in the terminal. */
import type { CostEffect, Ranking, Sensitivity } from '../../experiment/sensitivity/sensitivity.ts';
import { folded } from '../bare-table.ts';
import { sweptLabel } from '../format.ts';
import { effectText, nameOf, rangeText, rankingTable } from './ranking-table.ts';
import { shareText, spreadTable } from './spread-table.ts';

const WIDTH = 108;
const INDENT = 4;
/** Rows of each ranking. */
const ROWS = 8;
/** Named in the sentence about the difference that decides. */
const NEXT = 3;
/**
 * Spread of an effect, as a share of its size, from which on it is no longer the same everywhere: below one half a figure still moves one way
 * (Garcia Sanchez et al. 2014, Energy and Buildings 68; recalled).
 */
const UNEVEN = 0.5;

const LEGEND =
  'moves it by: mean size of the change when the cost goes through its range (mu*), with a 95 % interval over trajectories; sigma: its ' +
  'standard deviation over them, from half of mu* on it depends on others: on other costs, or on where in its range the cost is; chance in a ' +
  'trial counts as that, too. More --trajectories narrow the intervals. Machines: one replication each, the same random numbers for all';

const fold = (text: string): string => folded(text, WIDTH, INDENT);

const ofOwner = (figure: string, owner: string): string =>
  `${figure}${owner === '' ? ' of the machine' : ` of ${owner}`}`;

/** Whose figure it is, the decision says itself. */
const namesOwner = ({ decision: { text }, owner }: Pick<Sensitivity, 'decision' | 'owner'>): boolean =>
  owner === '' || text.split(' ').includes(owner);

const heading = ({ swept, owner, decision }: Sensitivity): string => {
  const at = Object.entries(swept).map(([path, value]) =>
    path === 'case' ? value : `${path} = ${sweptLabel(value)}`,
  );
  return [...at, ...(namesOwner({ decision, owner }) ? [] : [owner]), decision.text].join(' · ');
};

const MACHINES = ' plausible machines';

/** The answer, as one would say it. */
const verdicts = (sensitivity: Sensitivity): string[] => {
  const { decision, datapaths, difference, order, figure, owner } = sensitivity;
  if (decision.kind === 'objective') {
    return datapaths.map(({ datapath, share }) => {
      const whose = namesOwner(sensitivity) ? '' : ` for ${owner}`;
      return `${datapath} holds ${decision.text}${whose} on ${shareText(share, MACHINES)}`;
    });
  }
  if (decision.kind === 'order') {
    const whose = namesOwner(sensitivity) ? '' : ` for ${owner}`;
    return [`${decision.text}${whose} is so on ${shareText(order, MACHINES)}`];
  }
  const best = datapaths.find(({ datapath }) => datapath === difference?.datapaths[0]);
  if (best === undefined) return [];
  const way = decision.text.split(' ')[0];
  return [`${best.datapath} has the ${way} ${ofOwner(figure, owner)} on ${shareText(best.share, MACHINES)}`];
};

const isSure = ({ decision, datapaths, difference, order }: Sensitivity): boolean => {
  const shares =
    decision.kind === 'order'
      ? [order]
      : datapaths
          .filter(({ datapath }) => decision.kind === 'objective' || datapath === difference?.datapaths[0])
          .map(({ share }) => share);
  return shares.every((share) => share !== null && (share.count === 0 || share.count === share.of));
};

const one = (effect: CostEffect, unit: string | null, what: string): string => {
  const { of, sigma, muStar } = effect;
  const uneven = muStar.replications > 1 && sigma >= UNEVEN * muStar.mean ? ', which depends on others' : '';
  return `${of.cost} (${of.kind}, ${rangeText(of)}): over its range ${what} moves by ${effectText(effect, unit)}${uneven}`;
};

/** Which costs to measure next: for what decides, and for each datapath by itself. */
const next = (sensitivity: Sensitivity): string[] => {
  const { figure, owner, unit, datapaths, difference } = sensitivity;
  const about = (ranking: Ranking, most: number): string[] => {
    const what = `${ofOwner(figure, owner)} ${ranking === difference ? 'of' : 'on'} ${nameOf(ranking)}`;
    const said = ranking.effects.slice(0, most).map((each, i) => one(each, unit, i === 0 ? what : 'it'));
    return said.length === 0 ? [] : [`  ${fold(said.join('; ')).replaceAll('\n', '\n  ')}`];
  };
  const lines = [
    ...(difference === null ? [] : about(difference, NEXT)),
    ...datapaths.flatMap(({ ranking }) => about(ranking, 1)),
  ];
  const sure = isSure(sensitivity)
    ? ' (none of these machines decides otherwise, so this changes by how much, not which way)'
    : '';
  return lines.length === 0 ? [] : [`Measure next${sure}:`, ...lines];
};

const block = (sensitivity: Sensitivity): string => {
  const { datapaths, difference, unit } = sensitivity;
  const shown =
    difference === null
      ? datapaths
      : difference.datapaths.flatMap((name) => datapaths.filter(({ datapath }) => datapath === name));
  const rankings = [...(difference === null ? [] : [difference]), ...shown.map(({ ranking }) => ranking)];
  return [
    heading(sensitivity),
    spreadTable(sensitivity),
    ...verdicts(sensitivity).map(fold),
    '',
    rankingTable(rankings, unit, ROWS),
    ...next(sensitivity),
  ].join('\n');
};

export const sensitivityText = (found: readonly Sensitivity[]): string =>
  [...found.map(block), fold(LEGEND)].join('\n\n');
