/** What stands above a chart: what is seen, the scenario's question, and which points are missing and why. */
import type { SummaryRow } from '../rows.ts';
import { groupBy, pointKey, unique } from '../select.ts';
import { isSaturated, isSettled, reason, worst } from '../verdict.ts';
import { type Axis, loadAxis, setting } from './axes.ts';
import type { View } from './spec.ts';
import { textWidth } from './text-width.ts';
import { inDatapathOrder, PAGE } from './theme.ts';

/** The scenario's own words, which no CSV file holds. */
export interface Question {
  readonly title?: string;
  readonly question?: string;
}

const LINES_MAX = 4;
/** Left of it: the labels of the y axis, right of which headings begin. */
const WIDTH = PAGE - 120;

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
    subtitle: [asked.join(' — '), ...notes].filter((text) => text !== '').flatMap((text) => wrap(text)),
    subtitleFontSize: 11,
    subtitleColor: '#444444',
  };
};

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
  const bad: Bad[] = [];
  for (const [first, ...more] of groups.values()) {
    const verdict = worst([first, ...more]);
    if (!wanted(verdict)) continue;
    const stepOf = (axis: Axis) => axis.steps.find((step) => step.text === first.swept[axis.path]);
    const others = axes
      .filter((axis) => axis !== main && stepOf(axis) !== undefined)
      .map((axis) => setting(axis, stepOf(axis)!));
    const step = main === undefined ? undefined : stepOf(main);
    bad.push({
      datapath: first.datapath,
      workload: first.workload,
      others: others.join(', '),
      step: step?.label ?? '',
      place: step === undefined ? 0 : main!.steps.indexOf(step),
      station: reason(verdict),
    });
  }
  const workloads = unique([...groups.values()].map(([row]) => row.workload));
  const texts = inDatapathOrder(bad.map((one) => one.datapath)).flatMap((datapath) => {
    const mine = groupBy(
      bad.filter((one) => one.datapath === datapath),
      (one) => one.others,
    );
    return [...mine].flatMap(([others, some]) => perWorkload(datapath, others, some, workloads, main));
  });
  return texts.join('; ');
};

const perWorkload = (
  datapath: string,
  others: string,
  bad: readonly Bad[],
  workloads: readonly string[],
  main: Axis | undefined,
): string[] => {
  const said = new Map<string, string[]>();
  for (const [workload, some] of groupBy(bad, (one) => one.workload)) {
    const where = [steps(some, main), others === '' ? '' : `with ${others}`]
      .filter((text) => text !== '')
      .join(' ');
    const stations = unique(some.map((one) => one.station)).filter((station) => station !== '');
    const why = stations.length === 0 ? '' : `(${stations.join(', ')})`;
    const text = [where, why].filter((part) => part !== '').join(' ');
    said.set(text, [...(said.get(text) ?? []), workload]);
  }
  return [...said].map(([text, who]) =>
    [datapath, who.length === workloads.length ? '' : `for ${who.join(', ')}`, text]
      .filter((part) => part !== '')
      .join(' '),
  );
};

const steps = (bad: readonly Bad[], main: Axis | undefined): string => {
  if (main === undefined) return '';
  const sorted = [...bad].sort((a, b) => a.place - b.place);
  const [{ place, step }] = sorted;
  // All from some step to the last one: said in one word.
  if (main.unit !== null && sorted.length > 1 && sorted.length === main.steps.length - place)
    return `from ${step}`;
  return `at ${unique(sorted.map((one) => one.step)).join(', ')}`;
};

/** Which of the points drawn here have no steady-state percentile, and which had not settled. */
export const verdictNotes = (rows: readonly SummaryRow[], axes: readonly Axis[]): string[] => {
  const saturated = points(rows, axes, isSaturated);
  const short = points(rows, axes, (verdict) => !isSaturated(verdict) && !isSettled(verdict));
  return [
    ...(saturated === '' ? [] : [`saturated, no steady-state percentile: ${saturated}`]),
    ...(short === '' ? [] : [`too short to settle, read with care: ${short}`]),
  ];
};
