/** The comparison in the terminal, and as JUnit's XML for a CI. */
import junit, { type Builder } from 'junit-report-builder';
import { quantity } from '../format.ts';
import { groupBy } from '../select.ts';
import { type Compared, type Comparison, placeText } from './compare.ts';
import { type Judged, nameOf } from './judge.ts';

const percent = (share: number): string => {
  if (!Number.isFinite(share)) return share > 0 ? 'from nothing' : 'any';
  const digits = Number((Math.abs(share) * 100).toPrecision(3));
  return `${share < 0 ? '−' : '+'}${digits} %`;
};

const values = ({ before, after, row: { unit } }: Compared): string =>
  `${quantity(before, unit)} → ${quantity(after, unit)}`;

/** Whose figure it is. */
const owner = ({ row }: Compared): string => (row.workload === '' ? row.vm : row.workload);

const where = (figure: Compared): string =>
  [placeText(figure.row), owner(figure)].filter((text) => text !== '').join(', ');

const causeText = (cause: Compared): string =>
  `${cause.row.metric === 'stage' ? cause.row.component : cause.row.metric} ${values(cause)}`;

/** What a figure did. */
const judgedText = (figure: Judged): string => {
  const interval = Number.isFinite(figure.high) ? ` (${percent(figure.low)} … ${percent(figure.high)})` : '';
  return `${nameOf(figure)} ${values(figure)}, ${percent(figure.change)}${interval}`;
};

const causesText = ({ causes }: Judged): string => causes.map(causeText).join('; ');

/** A point on a datapath: its figures that are beyond, and what else changed there. */
const placeLines = (figures: readonly Judged[]): string[] => {
  const causes = [...new Set(figures.flatMap(({ causes: all }) => all.map(causeText)))];
  return [
    `  ${placeText(figures[0].row)}`,
    ...figures.map((figure) => {
      const name = owner(figure);
      return `    ${name === '' ? '' : `${name}: `}${judgedText(figure)}, tolerated ${percent(figure.tolerance).slice(1)}`;
    }),
    ...(causes.length === 0 ? [] : [`    beside: ${causes.join('; ')}`]),
  ];
};

export const diffText = ({ onlyBefore, onlyAfter }: Comparison, judged: readonly Judged[]): string => {
  const beyond = judged.filter((figure) => figure.beyond);
  const places = new Set(judged.map((figure) => placeText(figure.row))).size;
  return [
    `${judged.length} figures of ${places} points compared, ${beyond.length} beyond tolerance`,
    ...[...groupBy(beyond, (figure) => placeText(figure.row)).values()].flatMap(placeLines),
    ...(onlyBefore.length > 0 ? [`only in the first: ${onlyBefore.join('; ')}`] : []),
    ...(onlyAfter.length > 0 ? [`only in the second: ${onlyAfter.join('; ')}`] : []),
  ].join('\n');
};

/** Its types know a default export that Node does not see. */
const factory = junit as unknown as { newBuilder(): Builder };

/** A test case for each judged figure; a failure where it is beyond its tolerance. */
export const junitOf = (judged: readonly Judged[]): string => {
  const builder = factory.newBuilder();
  const suite = builder.testSuite().name('vmio diff');
  for (const figure of judged) {
    const test = suite.testCase().className(where(figure)).name(nameOf(figure));
    if (figure.beyond) test.failure([judgedText(figure), causesText(figure)].filter(Boolean).join('\n'));
  }
  return builder.build();
};
