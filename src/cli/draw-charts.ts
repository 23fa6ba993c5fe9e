/** Draws the charts of a results folder: Vega-Lite specification, SVG and PNG each. */
import path from 'node:path';
import type { PointRows } from '../experiment/summarise.ts';
import { charts } from '../report/chart/charts.ts';
import { specFile } from '../report/drawing/spec.ts';
import { toPng, toSvg } from '../report/render.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import { writeFile } from './write-results.ts';

/** Lets a pending ^C through. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @param signal ends the drawing after the chart at hand. @returns the names of the files */
export const drawCharts = async (
  folder: string,
  loaded: LoadedScenario,
  rows: PointRows,
  signal: AbortSignal,
): Promise<string[]> => {
  const { title, question } = loaded.base;
  const kinds = loaded.base.charts?.map(({ kind }) => kind);
  const names: string[] = [];
  for (const { name, spec } of charts(rows, { title, question }, kinds)) {
    await breathe();
    if (signal.aborted) return names;
    const svg = await toSvg(spec);
    writeFile(path.join(folder, `${name}.vl.json`), specFile(spec));
    writeFile(path.join(folder, `${name}.svg`), svg);
    writeFile(path.join(folder, `${name}.png`), await toPng(svg));
    names.push(`${name}.{vl.json,svg,png}`);
  }
  return names;
};
