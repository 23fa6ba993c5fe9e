/** What if something were free, in the terminal: one line for each thing that matters. */
import { CORES } from '../../experiment/what-if/levers.ts';
import type { Change, WhatIf } from '../../experiment/what-if/what-if.ts';
import { bareTable, type Column } from '../bare-table.ts';
import { quantity } from '../format.ts';
import { percent } from './anatomy.ts';

/** Things that are listed. */
const LISTED_MAX = 14;
const COLUMNS: readonly Column[] = [
  { head: '', width: 27, align: 'left' },
  { head: 'p99, free', width: 14, align: 'right' },
  { head: 'half', width: 14, align: 'right' },
  { head: 'twice', width: 14, align: 'right' },
  { head: 'carried, free', width: 15, align: 'right' },
  { head: 'capacity, free', width: 16, align: 'right' },
];

/** Changes below this share of what was are as good as none. */
const NOTABLE = 0.001;

/** The interval excludes zero, and the change is worth a word. */
export const isSure = ({ before, change }: Change): boolean =>
  change !== null &&
  (change.low > 0 || change.high < 0) &&
  Math.abs(change.mean) >= NOTABLE * Math.abs(before);

const shareOf = ({ before, change }: Change): number =>
  change === null || before === 0 ? 0 : change.mean / before;

const signed = (share: number): string =>
  `${share > 0 ? '+' : share < 0 ? '−' : ''}${percent(Math.abs(share))}`;

/** `−12 % ± 1`; `·` where it may be nothing. */
const cell = (found: Change | undefined): string => {
  if (found === undefined || found.before === 0) return '–';
  const { before, change } = found;
  if (change === null) return 'saturates';
  if (!isSure(found)) return '·';
  const share = shareOf(found);
  const decimals = Math.abs(share) < 0.0995 ? 1 : 0;
  const figure = `${share > 0 ? '+' : '−'}${(Math.abs(share) * 100).toFixed(decimals)} %`;
  const half = Math.ceil((change.halfWidth / before) * 100 * 10 ** decimals - 0.05) / 10 ** decimals;
  return half === 0 ? figure : `${figure} ± ${half.toFixed(decimals)}`;
};

export const changeFor = (
  whatIf: readonly WhatIf[],
  lever: string,
  factor: number,
  metric: Change['metric'],
  workload: string,
): Change | undefined =>
  whatIf
    .find((each) => each.lever === lever && each.factor === factor)
    ?.changes.find(
      (each) => each.metric === metric && each.workload === (metric === 'capacity' ? '' : workload),
    );

/** How much a lever does to a workload, for the order of the lines. */
const weight = (whatIf: readonly WhatIf[], lever: string, workload: string): number =>
  Math.max(
    ...(['p99', 'throughput', 'capacity'] as const).map((metric) => {
      const found = changeFor(whatIf, lever, 0, metric, workload);
      return found !== undefined && isSure(found) ? Math.abs(shareOf(found)) : 0;
    }),
  );

export const leversOf = (whatIf: readonly WhatIf[]): string[] => [
  ...new Set(whatIf.map(({ lever }) => lever)),
];

export const whatIfText = (whatIf: readonly WhatIf[], workload: string): string[] => {
  if (whatIf.length === 0) return [];
  const levers = leversOf(whatIf)
    .map((lever) => ({ lever, weight: weight(whatIf, lever, workload) }))
    .sort((a, b) => b.weight - a.weight);
  const shown = levers.filter((each) => each.weight > 0).slice(0, LISTED_MAX);
  const rest = levers.length - shown.length;
  const lines = shown.map(({ lever }) => [
    lever,
    ...([0, 0.5, 2] as const).map((factor) => cell(changeFor(whatIf, lever, factor, 'p99', workload))),
    cell(changeFor(whatIf, lever, 0, 'throughput', workload)),
    cell(changeFor(whatIf, lever, 0, 'capacity', workload)),
  ]);
  const before = changeFor(whatIf, leversOf(whatIf)[0], 0, 'p99', workload)?.before;
  return [
    `what if, for ${workload}${before === undefined ? '' : ` (p99 ${quantity(before, 'ns')})`}: changes on the same random numbers, 95 % intervals; · may be nothing`,
    ...bareTable(COLUMNS, lines).split('\n'),
    ...(rest > 0 ? [`  ${rest} more change less, or nothing that is sure`] : []),
    '  capacity: requests/s over the share of time that the busiest resource is busy; batching may carry more',
  ];
};

/** The best single thing that could be made free, by what it does to one metric; null where nothing surely helps. */
export const bestOf = (
  whatIf: readonly WhatIf[],
  workload: string,
  metric: Change['metric'],
): { lever: string; share: number } | null => {
  const better = metric === 'p99' ? -1 : 1;
  const single = leversOf(whatIf).filter((lever) => lever !== CORES.name);
  const found = single.flatMap((lever) => {
    const change = changeFor(whatIf, lever, 0, metric, workload);
    if (change === undefined || !isSure(change) || Math.sign(shareOf(change)) !== better) return [];
    return [{ lever, share: shareOf(change) }];
  });
  return found.length === 0 ? null : found.reduce((a, b) => (Math.abs(b.share) > Math.abs(a.share) ? b : a));
};

export const inWords = (share: number): string => signed(share);
