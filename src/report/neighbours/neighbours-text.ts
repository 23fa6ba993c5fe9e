/** What neighbours do to each other, in the terminal: the matrix, who hurts whom, how fair that is, and what isolation would cost. */
import { styleText } from 'node:util';
import type { Fairness } from '../../experiment/neighbours/fairness.ts';
import type { Neighbourhood } from '../../experiment/neighbours/neighbourhood.ts';
import { differs } from '../../experiment/statistics/paired.ts';
import { folded } from '../bare-table.ts';
import { measured, plain, sweptLabel } from '../format.ts';
import { isSaturated } from '../verdict.ts';
import { harmLines, isNotable, sizeOf } from './harm.ts';
import { matrixText, nameOf } from './matrix.ts';

/** Widest line, as of the other tables. */
const COLUMNS_MAX = 110;
const INDENT = 2;

export interface NeighboursOptions {
  readonly colour?: boolean;
  /** Columns of the terminal. */
  readonly width?: number;
}

const HARM = 'who hurts whom most, paired differences with 95 % intervals';
const LEGEND =
  'p99 of each workload (rows) alone on the machine and beside other VMs (columns), on the cores that it is pinned to; ' +
  'fairness: 1 where all keep the same share of what they carry alone; isolation: each VM on as many cores as it runs on alone, ' +
  'and at best the p99 that it has alone, with NIC and disk to itself as well; who waits less may carry more, and use more CPU';

const fairnessText = (fairness: Fairness | null): string => {
  if (fairness === null)
    return "fairness: no Jain's index, as some workload carries nothing alone or was not simulated";
  const { jain, normalised } = fairness;
  const each = [...normalised].map(([tenant, { mean }]) => `${tenant} ${mean.toFixed(2)}`).join(', ');
  return `fairness: Jain's index ${measured(jain.mean, jain.low, jain.high, '')} of throughput with all / alone (${each})`;
};

const cores = (count: number): string => `${count} core${count === 1 ? '' : 's'}`;

/** What each workload would gain, those that lose nothing by sharing left out. */
const gains = ({ sufferers }: Neighbourhood): string => {
  const each = sufferers.flatMap((sufferer) => {
    const { alone, besideAll } = sufferer;
    const name = nameOf(sufferer);
    if (alone.p99 !== null && isSaturated(besideAll.cell.verdict)) return [`${name} saturates no more`];
    if (besideAll.added === null || !isNotable(besideAll)) return [];
    const { difference, factor } = besideAll.added;
    const way = difference.mean > 0 ? 'falls' : 'rises';
    return [`p99 of ${name} ${way} by ${sizeOf(difference)} (÷ ${plain(factor)})`];
  });
  return each.length === 0 ? 'no p99 is seen to change by 1 % or more' : each.join(', ');
};

const isolationText = (neighbourhood: Neighbourhood): string => {
  const { isolation, tenants } = neighbourhood;
  if (isolation === null) return 'price of isolation: unknown, as not all of it was simulated';
  const { coresShared, coresOwn, cpuShared, cpuOwn, cpuDifference } = isolation;
  const taken =
    coresOwn > coresShared
      ? `${coresOwn} instead of ${cores(coresShared)} for ${tenants.length} VMs`
      : `no further core, as the ${tenants.length} VMs have ${coresOwn} to themselves`;
  const [own, shared] = [cpuOwn, cpuShared].map(({ mean }) => mean.toFixed(2));
  const cpu =
    differs(cpuDifference) && own !== shared
      ? `${own} instead of ${shared} cores of CPU used`
      : `as much CPU used, ${shared} cores`;
  return `price of isolation: ${taken}, ${cpu}; at best ${gains(neighbourhood)}`;
};

const headingOf = ({ datapath, swept }: Neighbourhood): string =>
  [datapath, ...Object.entries(swept).map(([path, value]) => `${path} = ${sweptLabel(value)}`)].join(' · ');

export const neighboursText = (
  neighbourhoods: readonly Neighbourhood[],
  { colour = false, width = COLUMNS_MAX }: NeighboursOptions = {},
): string => {
  const paint = (style: 'bold' | 'dim', text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const columns = Math.min(width, COLUMNS_MAX);
  const fold = (text: string): string => folded(text, columns, INDENT);
  const indented = (text: string): string =>
    folded(text, columns - INDENT, INDENT).replaceAll(/^/gm, ' '.repeat(INDENT));
  const blocks = neighbourhoods.map((neighbourhood) =>
    [
      paint('bold', headingOf(neighbourhood)),
      matrixText(neighbourhood, columns),
      HARM,
      ...harmLines(neighbourhood.sufferers).map(indented),
      fold(fairnessText(neighbourhood.fairness)),
      fold(isolationText(neighbourhood)),
      ...(neighbourhood.idle.length === 0
        ? []
        : [fold(`without workloads, and there in every column: ${neighbourhood.idle.join(', ')}`)]),
    ].join('\n'),
  );
  return [...blocks, paint('dim', fold(LEGEND))].join('\n\n');
};
