/** The marks of every line chart: a line per datapath, the interval of each point, and the points on top. */
import type { View } from './spec.ts';
import { byDatapath } from './theme.ts';

export interface Curves {
  readonly names: readonly string[];
  readonly x: View;
  /** The vertical encoding of a field; `low` and `high` hold the interval. */
  y(field: string): View;
  readonly field: string;
  /** Which of the chart's values these are; all without it. */
  readonly filter?: string;
  /** Points without a line, datapaths side by side: between words there is nothing to interpolate. */
  readonly sideBySide?: boolean;
  /** Order along the line where it is not that of x. */
  readonly order?: string;
}

export const curves = ({ names, x, y, field, filter, sideBySide = false, order }: Curves): View[] => {
  const { colour, dash, shape } = byDatapath(names);
  const transform = filter === undefined ? [] : [{ filter }];
  const beside = sideBySide ? { xOffset: { field: 'datapath', type: 'nominal', sort: names } } : {};
  const along = order === undefined ? {} : { order: { field: order, type: 'quantitative' } };
  const line = {
    transform,
    mark: { type: 'line', strokeWidth: 1.75 },
    encoding: { x, y: y(field), color: colour, strokeDash: dash, ...along },
  };
  const interval = {
    transform,
    mark: { type: 'rule', strokeWidth: 1.25 },
    encoding: { x, ...beside, y: y('low'), y2: { field: 'high' }, color: colour },
  };
  const points = {
    transform,
    mark: { type: 'point', filled: true, opacity: 1, size: 38 },
    encoding: { x, ...beside, y: y(field), color: colour, shape },
  };
  return sideBySide ? [interval, points] : [line, interval, points];
};

/** White hearts on the points that `filter` picks, which makes them hollow. */
export const hollow = ({ names, x, y, field, sideBySide = false }: Curves, filter: string): View => ({
  transform: [{ filter }],
  mark: { type: 'point', filled: true, color: 'white', opacity: 1, size: 12 },
  encoding: {
    x,
    ...(sideBySide ? { xOffset: { field: 'datapath', type: 'nominal', sort: names } } : {}),
    y: y(field),
    shape: byDatapath(names).shape,
  },
});
