/** Points of a sweep that differ in one path alone, in the order of that path. */
import type { PointResult } from '../run-point.ts';

export interface Series {
  readonly datapath: string;
  /** Without the path that they differ in. */
  readonly labels: Readonly<Record<string, string>>;
  readonly points: readonly { readonly value: string; readonly result: PointResult }[];
}

/** Points without `over` among their labels belong to no series. */
export const seriesOver = (results: readonly PointResult[], over: string): Series[] => {
  const found = new Map<
    string,
    { datapath: string; labels: Record<string, string>; points: { value: string; result: PointResult }[] }
  >();
  for (const result of results) {
    const { [over]: value, ...labels } = result.point.labels;
    if (value === undefined) continue;
    const key = JSON.stringify([result.datapath, labels]);
    const series = found.get(key) ?? { datapath: result.datapath, labels, points: [] };
    series.points.push({ value, result });
    found.set(key, series);
  }
  return [...found.values()];
};
