/** Why one datapath differs from another, in the terminal: bars that add up to the difference. */
import type { Bar, Waterfall } from '../../experiment/explain/waterfall.ts';
import { quantity } from '../format.ts';
import type { Difference } from './explanation.ts';

/** Bars that are drawn; the rest is one bar. */
const BARS_MAX = 8;
/** Characters of the longest bar. */
const LENGTH = 24;

const signed = (value: number, unit: string, per: number): string =>
  `${value < 0 ? '−' : '+'}${quantity(Math.abs(value) / per, unit)}`;

/** What is not drawn on its own. */
const rest = (bars: readonly Bar[]): Bar[] => {
  if (bars.every(({ from, to }) => from === to)) return [];
  const sum = (of: (bar: Bar) => number): number => bars.reduce((total, bar) => total + of(bar), 0);
  return [
    {
      name: bars.length === 1 ? '1 other' : `${bars.length} others`,
      from: sum(({ from }) => from),
      to: sum(({ to }) => to),
      low: null,
      high: null,
    },
  ];
};

const drawn = (title: string, { from, to, bars }: Waterfall, unit: string, per: number): string[] => {
  const shown = [...bars.slice(0, BARS_MAX), ...rest(bars.slice(BARS_MAX))];
  const most = Math.max(...shown.map((bar) => Math.abs(bar.to - bar.from)), Number.MIN_VALUE);
  const width = Math.max(...shown.map(({ name }) => name.length));
  return [
    `${title}: ${quantity(from / per, unit)} → ${quantity(to / per, unit)}, ${signed(to - from, unit, per)}`,
    ...shown.map((bar) => {
      const change = bar.to - bar.from;
      const half = bar.low === null || bar.high === null ? 0 : (bar.high - bar.low) / 2 / per;
      const length = Math.round((Math.abs(change) / most) * LENGTH);
      return `  ${bar.name.padEnd(width)}  ${`${signed(change, unit, per)}${half < 1 ? '' : ` ± ${quantity(half, unit)}`}`.padStart(22)}  ${(change < 0 ? '░' : '█').repeat(length)}`.trimEnd();
    }),
  ];
};

export const waterfallText = ({ datapath, against, saturated, mean, tail, cycles }: Difference): string[] => [
  `why ${datapath} differs from ${against}: bars add up to the difference (█ more, ░ less)`,
  ...saturated.map((workload) => `${workload} saturates on one of them: its latency is of this window alone`),
  ...Object.keys(mean).flatMap((workload) => [
    ...drawn(`mean latency of ${workload}`, mean[workload], 'ns', 1000),
    ...(workload in tail
      ? drawn(`mean latency of the slowest 1 % of ${workload}`, tail[workload], 'ns', 1000)
      : []),
  ]),
  ...drawn('cycles per request of the whole machine', cycles, 'cycles', 1),
];
