/** Laws and formulas beside what was measured, in the terminal. */
import { bareTable, type Column } from '../bare-table.ts';
import { quantity } from '../format.ts';
import { percent } from './anatomy.ts';
import type { Explanation } from './explanation.ts';

const COLUMNS: readonly Column[] = [
  { head: '', width: 27, align: 'left' },
  { head: 'busy', width: 9, align: 'right' },
  { head: 'X × S', width: 9, align: 'right' },
  { head: 'wait', width: 10, align: 'right' },
  { head: 'M/D/1', width: 10, align: 'right' },
  { head: 'M/G/1', width: 10, align: 'right' },
  { head: 'M/M/1', width: 10, align: 'right' },
  { head: 'off M/G/1', width: 11, align: 'right' },
  { head: '', width: 36, align: 'left' },
];

const share = (of: number): string => (of < 0.001 ? '<0.1 %' : percent(of));

/** Of a wait, ps. */
const time = (ps: number | null): string => (ps === null ? '∞' : quantity(ps / 1000, 'ns'));

/** `+12 %`: how far a wait is from its formula. */
const deviation = (wait: number, formula: number | null): string => {
  if (formula === null || formula === 0) return '–';
  const off = wait / formula - 1;
  return `${off < 0 ? '−' : '+'}${percent(Math.abs(off))}`;
};

/** Within this share Little’s law holds: the window cuts some requests. */
const HOLDS = 0.01;

/** Resources that are listed: the nearest to their bound. */
const BOUNDS_MAX = 4;

export const lawsText = ({ stations, little, bounds }: Explanation): string[] => [
  'laws: what is in the system is throughput × latency (Little)',
  ...little.map(({ workload, present, law }) => {
    const off = law === 0 ? 0 : present / law - 1;
    const verdict =
      Math.abs(off) <= HOLDS
        ? 'holds'
        : 'does not: requests were dropped, or wait for long beside the window';
    return `  ${workload}: ${Number(present.toPrecision(4))} requests, ${Number(law.toPrecision(4))} by the law, ${percent(off)} off: ${verdict}`;
  }),
  ...(stations.length === 0
    ? []
    : [
        'stations beside the formulas of Poisson arrivals (Pollaczek and Khinchine)',
        ...bareTable(
          COLUMNS,
          stations.map(({ station, utilisation, law, wait, md1, mg1, mm1, verdict }) => [
            station,
            share(utilisation),
            share(law),
            time(wait),
            time(md1),
            time(mg1),
            time(mm1),
            deviation(wait, mg1),
            verdict,
          ]),
        )
          .split('\n')
          .map((line) => `  ${line}`),
      ]),
  'the most that a resource lets through at what a request takes of it now (1/D)',
  ...bounds
    .slice(0, BOUNDS_MAX)
    .map(({ resource, busy, bound }) => `  ${resource}: ${quantity(bound, '1/s')}, ${percent(busy)} busy`),
];
