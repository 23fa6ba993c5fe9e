/** Which bars stand in which panel: one panel per place of the sheet that has any. */

import { inDatapathOrder } from '../datapath-order.ts';
import type { Bar } from '../drawing/bar-data.ts';
import type { BarPanel } from '../drawing/bars.ts';
import type { Place, Sheet } from './sheet.ts';

export interface Placing<Rows> {
  placeOf(rows: Rows): Place | null;
  barOf(rows: Rows): Bar;
}

/** @param groups the rows of one bar each. */
export const barPanels = <Rows>(
  sheet: Sheet,
  groups: readonly Rows[],
  { placeOf, barOf }: Placing<Rows>,
): BarPanel[] => {
  const panel = (row: string, column: string): BarPanel => {
    const here = groups.filter((rows) => {
      const place = placeOf(rows);
      return place !== null && place.row === row && place.column === column;
    });
    const bars = here.map(barOf);
    return {
      heading: [row, column].filter((text) => text !== '').join(' · '),
      bars: inDatapathOrder(bars.map((bar) => bar.label)).flatMap((label) =>
        bars.filter((bar) => bar.label === label),
      ),
    };
  };
  return (sheet.rows?.labels ?? [''])
    .flatMap((row) => (sheet.columns?.labels ?? ['']).map((column) => panel(row, column)))
    .filter(({ bars }) => bars.length > 0);
};
