/** The whole of `vmio explain`, in words and small tables. */
import { folded } from '../bare-table.ts';
import { payersText, stagesText, tailText, WIDTH } from './anatomy.ts';
import type { Difference, Explanation } from './explanation.ts';
import { lawsText } from './laws-text.ts';
import { waterfallText } from './waterfall-text.ts';
import { bestOf, changeFor, inWords, isSure, whatIfText } from './what-if-text.ts';

const workloadsOf = ({ verdicts }: Explanation): string[] => Object.keys(verdicts);

export const explanationText = (explained: Explanation): string => {
  const { datapath, payments, stages, tails, whatIf, verdicts } = explained;
  const parts = [
    [`── ${datapath} ${'─'.repeat(Math.max(0, WIDTH - datapath.length - 4))}`],
    Object.entries(verdicts)
      .filter(([, verdict]) => verdict !== 'steady')
      .map(([workload, verdict]) => `${workload} is ${verdict}`),
    payersText(payments),
    ...workloadsOf(explained).flatMap((workload) => [
      stagesText(stages, workload),
      tailText(tails[workload] ?? [], workload),
    ]),
    lawsText(explained),
    ...workloadsOf(explained).map((workload) => whatIfText(whatIf, workload)),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
};

export const differenceText = (difference: Difference): string => waterfallText(difference).join('\n');

const METRICS = [
  ['p99', 'p99'],
  ['throughput', 'what is carried'],
  ['capacity', 'capacity'],
] as const;

/** What a device or a core of twice the speed would do: half of its time. */
const HARDWARE = [
  ['NIC: time on the wire', 'a NIC of twice the rate'],
  ['all work of the cores', 'cores of twice the speed'],
] as const;

/** Hardware that makes less difference than this share of p99 is not worth a word. */
const WORTH = 0.05;

/** By which share hardware of twice the speed makes p99 smaller, with its interval; null where there is no such figure. */
const gain = (whatIf: Explanation['whatIf'], lever: string, workload: string) => {
  const found = changeFor(whatIf, lever, 0.5, 'p99', workload);
  if (found?.change == null || found.before === 0) return null;
  const { mean, low, high } = found.change;
  return { mean: -mean / found.before, low: -high / found.before, high: -low / found.before };
};

/** Which of the two would surely be worth more; '' where neither is, or nobody knows. */
const preferred = (whatIf: Explanation['whatIf'], workload: string): string => {
  const [nic, cores] = HARDWARE.map(([lever]) => gain(whatIf, lever, workload));
  if (nic === null || cores === null) return '';
  if (cores.low > nic.high && cores.mean >= WORTH)
    return 'so it is the cores that hold it up, rather than the NIC';
  return nic.low > cores.high && nic.mean >= WORTH
    ? 'so it is the NIC that holds it up, rather than the cores'
    : '';
};

/** Sentences that answer the question, as far as what-if can. */
export const answerText = (question: string, explanations: readonly Explanation[]): string => {
  const lines = explanations.flatMap((explained) =>
    workloadsOf(explained).flatMap((workload) => {
      const { datapath, whatIf } = explained;
      if (whatIf.length === 0) return [];
      const best = METRICS.flatMap(([metric, name]) => {
        const found = bestOf(whatIf, workload, metric);
        return found === null
          ? []
          : [`${name} changes most (${inWords(found.share)}) if ${found.lever} were free`];
      });
      const hardware = HARDWARE.flatMap(([lever, name]) => {
        const said = METRICS.flatMap(([metric, word]) => {
          const change = changeFor(whatIf, lever, 0.5, metric, workload);
          if (change === undefined) return [];
          if (change.change === null) return [`${word}: saturates`];
          return [`${word} ${isSure(change) ? inWords(change.change.mean / change.before) : 'as it is'}`];
        });
        return said.length === 0 ? [] : [`${name}: ${said.join(', ')}`];
      });
      return [
        `${datapath}, ${workload}: ${best.length === 0 ? 'nothing that could be free changes it surely' : best.join('; ')}.`,
        ...[...hardware, preferred(whatIf, workload)].filter(Boolean).map((line) => `  ${line}`),
      ];
    }),
  );
  return [question, ...lines.map((line) => `  ${folded(line, WIDTH - 2, 4).replaceAll('\n', '\n  ')}`)].join(
    '\n',
  );
};
