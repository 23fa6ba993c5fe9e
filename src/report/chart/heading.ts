/** What stands above a chart: what is seen, the scenario's question, and which points are missing and why. */

import { inDatapathOrder } from '../datapath-order.ts';
import type { View } from '../drawing/spec.ts';
import { textWidth } from '../drawing/text-width.ts';
import { PAGE } from '../drawing/theme.ts';
import type { SummaryRow } from '../rows.ts';
import { groupBy, pointKey, unique } from '../select.ts';
import { hasNoPercentiles, isSaturated, isSettled, isUnbound, reason, worst } from '../verdict.ts';
import { type Axis, loadAxis, setting } from './axes.ts';

/** The scenario's own words, which no CSV file holds. */
export interface Question {
  readonly title?: string;
  readonly question?: string;
  /** Which parameters differ only along with others. */
  readonly riders?: string;
}

const LINES_MAX = 4;
const WIDTH = PAGE - 40;

/** Breaks between words, so that no line leaves the page. */
export const wrap = (text: string, size = 11): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && textWidth(`${line} ${word}`, size) > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(line);
  if (lines.length <= LINES_MAX) return lines;
  return [...lines.slice(0, LINES_MAX - 1), `${lines[LINES_MAX - 1]} …`];
};

export const heading = (seen: string, question: Question, notes: readonly string[]): View => {
  const asked = [question.title, question.question].filter((text) => text !== undefined && text !== '');
  return {
    text: wrap(seen, 15),
    subtitle: [asked.join(' — '), question.riders ?? '', ...notes]
      .filter((text) => text !== '')
      .flatMap((text) => wrap(text)),
    subtitleFontSize: 11,
    subtitleColor: '#444444',
  };
};

export const INTERVALS = 'bars: confidence intervals over replications';
export const hasInterval = ({ low, high }: { low: number; high: number }): boolean => low < high;

interface Bad {
  readonly datapath: string;
  readonly workload: string;
  readonly others: string;
  readonly step: string;
  readonly place: number;
  readonly station: string;
}

/** `e1000 from 500 k/s (qemu main)`: the points among `rows` that `wanted` picks by their verdict, in few words. */
const points = (
  rows: readonly SummaryRow[],
  axes: readonly Axis[],
  wanted: (verdict: string) => boolean,
): string => {
  const main = loadAxis(axes) ?? axes[0];
  const groups = groupBy(
    rows.filter((row) => row.workload !== ''),
    (row) => `${row.datapath} ${row.workload} ${pointKey(row.swept)}`,
  );
  const others = axes.filter((axis) => axis !== main);
  const bad: Bad[] = [];
  for (const [first, ...more] of groups.values()) {
    const verdict = worst([first, ...more]);
    if (!wanted(verdict)) continue;
    const step = main?.steps.find(({ text }) => text === first.swept[main.path]);
    bad.push({
      datapath: first.datapath,
      workload: first.workload,
      others: settings(first, others).join(', '),
      step: step?.label ?? '',
      place: step === undefined ? 0 : main!.steps.indexOf(step),
      station: reason(verdict),
    });
  }
  const places = [...groups.values()].map(([row]) => row);
  const workloads = unique(places.map((row) => row.workload));
  const othersOf = (row: SummaryRow): string => settings(row, others).join(', ');
  return inDatapathOrder(bad.map((one) => one.datapath))
    .flatMap((datapath) => {
      const all = unique(places.filter((row) => row.datapath === datapath).map(othersOf));
      return phrases(
        bad.filter((one) => one.datapath === datapath),
        { all, workloads, main },
      ).map((phrase) => `${datapath} ${phrase}`.trim());
    })
    .join('; ');
};

const settings = (row: SummaryRow, axes: readonly Axis[]): string[] =>
  axes.flatMap((axis) => {
    const step = axis.steps.find(({ text }) => text === row.swept[axis.path]);
    return step === undefined ? [] : [setting(axis, step)];
  });

/** One datapath's points; what holds for all workloads or all other settings does not name them. */
const phrases = (
  bad: readonly Bad[],
  { all, workloads, main }: { all: readonly string[]; workloads: readonly string[]; main: Axis | undefined },
): string[] => {
  // Said first for each (workload, setting), then what sounds the same is put together.
  const bySetting = new Map<string, { workload: string; others: string[] }>();
  for (const [key, some] of groupBy(bad, (one) => JSON.stringify([one.workload, one.others]))) {
    const [workload, others] = JSON.parse(key) as [string, string];
    const stations = unique(some.map((one) => one.station)).filter((station) => station !== '');
    const said = [steps(some, main), stations.length === 0 ? '' : `(${stations.join(', ')})`]
      .join(' ')
      .trim();
    const same = bySetting.get(`${workload}\n${said}`);
    if (same === undefined) bySetting.set(`${workload}\n${said}`, { workload, others: [others] });
    else same.others.push(others);
  }
  const byWorkload = new Map<string, string[]>();
  for (const [key, { workload, others }] of bySetting) {
    const said = key.slice(workload.length + 1);
    const text = others.length === all.length ? said : `${said} with ${others.join(' or ')}`;
    byWorkload.set(text, [...(byWorkload.get(text) ?? []), workload]);
  }
  return [...byWorkload].map(([text, who]) =>
    who.length === workloads.length ? text : `for ${who.join(', ')} ${text}`.trim(),
  );
};

const steps = (bad: readonly Bad[], main: Axis | undefined): string => {
  if (main === undefined) return '';
  const sorted = [...bad].sort((a, b) => a.place - b.place);
  const [{ place, step }] = sorted;
  if (sorted.length === main.steps.length) return 'throughout';
  // All from some step to the last one: said in one word.
  if (main.unit !== null && sorted.length > 1 && sorted.length === main.steps.length - place)
    return `from ${step}`;
  return `at ${unique(sorted.map((one) => one.step)).join(', ')}`;
};

/** Which points have no driver, and so nothing to draw. */
const unboundNote = (rows: readonly SummaryRow[], axes: readonly Axis[]): string[] => {
  const unbound = points(rows, axes, isUnbound);
  return unbound === '' ? [] : [`no driver: ${unbound}`];
};

/** Which of the points drawn here have no steady-state percentile, and which had not settled. */
export const verdictNotes = (rows: readonly SummaryRow[], axes: readonly Axis[]): string[] => {
  const saturated = points(rows, axes, isSaturated);
  const short = points(rows, axes, (verdict) => !hasNoPercentiles(verdict) && !isSettled(verdict));
  const unbound = unboundNote(rows, axes);
  return [
    ...(saturated === '' ? [] : [`saturated, no steady-state percentile: ${saturated}`]),
    ...unbound,
    ...(short === '' ? [] : [`too short to settle, read with care: ${short}`]),
  ];
};
