/** Who pays for a request, where it spends its time, and what the slowest ones lost theirs with: in the terminal. */
import type { Payment } from '../../experiment/explain/payers.ts';
import type { TailGroup } from '../../experiment/explain/tail.ts';
import type { StageRow } from '../../experiment/rows.ts';
import { folded } from '../bare-table.ts';
import { measured, quantity } from '../format.ts';

export const WIDTH = 100;
/** Costs of a payer that are named. */
const COSTS_MAX = 5;
/** Stages that take less of a request are put together. */
const STAGE_MIN = 0.01;

export const percent = (share: number): string => {
  const figure = share * 100;
  return `${Math.abs(figure) < 10 ? Number(figure.toPrecision(2)) : Math.round(figure)} %`;
};

const indented = (text: string): string => `  ${folded(text, WIDTH - 2, 4).replaceAll('\n', '\n  ')}`;

export const payersText = (payments: readonly Payment[]): string[] => {
  const total = payments.reduce((sum, { cycles }) => sum + cycles.mean, 0);
  if (total === 0) return ['who pays for a request: nobody, none was completed'];
  const payers = [...new Set(payments.map(({ payer }) => payer))].map((payer) => {
    const mine = payments.filter((each) => each.payer === payer);
    return { payer, mine, cycles: mine.reduce((sum, { cycles }) => sum + cycles.mean, 0) };
  });
  return [
    `who pays for a request: ${quantity(total, 'cycles')} cycles of the whole machine`,
    ...payers
      .sort((a, b) => b.cycles - a.cycles)
      .map(({ payer, mine, cycles }) => {
        const most = mine
          .slice(0, COSTS_MAX)
          .map(({ cost, cycles: { mean, low, high } }) => `${cost} ${measured(mean, low, high, 'cycles')}`);
        const more = mine.length > COSTS_MAX ? `, and ${mine.length - COSTS_MAX} more` : '';
        return indented(
          `${payer} ${quantity(cycles, 'cycles')} (${percent(cycles / total)}): ${most.join(', ')}${more}`,
        );
      }),
  ];
};

export const stagesText = (stages: readonly StageRow[], workload: string): string[] => {
  const mine = stages.filter((row) => row.workload === workload);
  const total = mine.reduce((sum, { mean_ns }) => sum + mean_ns, 0);
  const shown = mine.filter(({ share }) => share >= STAGE_MIN);
  const rest = mine.length - shown.length;
  const width = Math.max(0, ...shown.map(({ stage }) => stage.length));
  const ratio = (kind: StageRow['kind']): string =>
    percent(mine.filter((row) => row.kind === kind).reduce((sum, { share }) => sum + share, 0));
  return [
    `where a request of ${workload} spends its time: ${quantity(total, 'ns')} on average, ${ratio('waiting')} of it waiting`,
    ...shown.map(
      ({ stage, mean_ns, share, p99_ns }) =>
        `  ${stage.padEnd(width)}  ${quantity(mean_ns, 'ns').padStart(9)}  ${percent(share).padStart(6)}${p99_ns === null ? '' : `   p99 ${quantity(p99_ns, 'ns')}`}`,
    ),
    ...(rest > 0 ? [`  and ${rest} stages of less than ${percent(STAGE_MIN)} each`] : []),
  ];
};

/** Groups that are listed. */
const GROUPS_MAX = 6;

export const tailText = (groups: readonly TailGroup[], workload: string): string[] => {
  const requests = groups.reduce((sum, group) => sum + group.requests, 0);
  if (requests === 0) return [];
  return [
    `the slowest 1 % of ${workload} (${requests} sampled requests), by what took them longest beyond the usual`,
    ...groups
      .slice(0, GROUPS_MAX)
      .map(({ stage, share, latency, spent, usual }) =>
        indented(
          `${percent(share)} ${stage.replace(/^wait: /, 'waited for ')}: ${quantity(spent / 1000, 'ns')} there instead of ${quantity(usual / 1000, 'ns')}, ${quantity(latency / 1000, 'ns')} in all`,
        ),
      ),
  ];
};
