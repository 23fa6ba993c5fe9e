/** What became of the expectations, in words. */
import type { Judgement } from '../experiment/expectations.ts';
import type { SummaryRow } from '../experiment/rows.ts';
import type { Expectation } from '../scenario/expectation-schema.ts';
import { plural } from './headline.ts';

/** Expectations that are listed one by one; of more, only those that failed are. */
const LISTED_MAX = 20;

const expected = ({ equals, tolerance, below, above, between, order, where }: Expectation): string =>
  [
    equals === undefined
      ? ''
      : `${equals}${tolerance === undefined ? '' : ` ± ${Number((tolerance * 100).toPrecision(6))} %`}`,
    below === undefined ? '' : `below ${below}`,
    above === undefined ? '' : `above ${above}`,
    between === undefined ? '' : `from ${between[0]} to ${between[1]}`,
    order === undefined ? '' : order.join(' < '),
    where === undefined
      ? ''
      : `at ${Object.entries(where)
          .map(([path, value]) => `${path} ${value}`)
          .join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join(', ');

export const reportJudgements = (
  judgements: readonly Judgement[],
  surprises: readonly string[],
  rows: readonly SummaryRow[],
  say: (text: string) => void,
): void => {
  for (const { expectation, held, found } of judgements) {
    const { metric = 'saturates', datapath, workload } = expectation;
    const what = [metric, workload, datapath].filter((part) => part !== undefined).join(', ');
    // Many held ones would bury a failed one.
    if (held && judgements.length > LISTED_MAX) continue;
    say(
      `${held ? 'held  ' : 'FAILED'}  ${what}: ${found}${held ? '' : `, but expected ${expected(expectation)}`}`,
    );
    say(`        because ${expectation.because}`);
  }
  for (const surprise of surprises) say(`FAILED  saturated, which the scenario does not expect: ${surprise}`);
  const short = new Set(rows.filter(({ verdict }) => verdict === 'short').map(({ datapath }) => datapath));
  if (short.size > 0) {
    say(
      `short: ${[...short].join(', ')} have points whose run is too short for their figures; see manifest.json`,
    );
  }
  const held = judgements.filter((judgement) => judgement.held).length;
  if (judgements.length > 0) say(`${plural(held, 'expectation')} held, ${judgements.length - held} failed`);
};
