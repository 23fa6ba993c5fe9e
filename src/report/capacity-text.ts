/** The answer of `vmio capacity`, in words. */
import type { Capacity } from '../experiment/capacity/capacity.ts';
import type { Limit } from '../experiment/capacity/limit.ts';
import { folded } from './bare-table.ts';
import { quantity } from './format.ts';

/** What was asked. */
export interface Asked {
  /** The scenario's own question. */
  readonly question: string;
  readonly path: string;
  /** As they were written. */
  readonly objectives: readonly string[];
  /** Some of them are asked of every workload. */
  readonly ofEach: boolean;
  /** A value as the scenario would write it. */
  written(value: number): string;
}

export interface Answered {
  readonly datapath: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly capacity: Capacity;
  /** Null where everything holds. */
  readonly limit: Limit | null;
}

const WIDTH = 100;

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** `11 VMs` of a count of VMs, else the value at its path. */
const amount = ({ path, written }: Asked, value: number): string => {
  const [, vm] = /^vms\.(.+)\.count$/.exec(path) ?? [];
  if (vm !== undefined) return `${written(value)} VM${value === 1 ? '' : 's'}`;
  return `${path} ${written(value)}`;
};

const interval = ({ written }: Asked, { value, low, high }: Capacity): string => {
  if (low === high) return `(95 %: ${written(value as number)} alone)`;
  return `(95 %: ${written(low)} to ${written(high)})`;
};

/** What was found, without why. */
const found = (asked: Asked, { capacity }: Answered): string => {
  const { kind, value, beyond } = capacity;
  const all = `from ${amount(asked, capacity.low)} to ${asked.written(capacity.high)}`;
  if (beyond === 'none') return `does not hold it at either end ${all}`;
  if (beyond === 'all') return `holds it at both ends ${all}: all that was asked about`;
  const most = kind === 'load' ? 'up to' : 'from';
  return `holds it ${most} ${amount(asked, value as number)} ${interval(asked, capacity)}`;
};

/** How far a figure is from what is allowed. */
const missed = (margin: number): string => {
  if (margin < 1.005) return 'just missed';
  if (margin < 2) return `missed by ${percent(margin - 1)}`;
  return `${Number(margin.toPrecision(2))} times as much`;
};

const why = (asked: Asked, { capacity: { fails }, limit }: Answered): string => {
  if (limit === null || fails === null) return '';
  const { saturated, resource, busy, requirement, margin, wait } = limit;
  const at = `with ${amount(asked, fails)}`;
  const what = saturated === null ? `${requirement} is ${missed(margin)} ${at}` : `saturates ${at}`;
  const waiting =
    wait === null
      ? ''
      : `; ${wait.workload} waits longest ${wait.stage.replace(/^wait: /, 'for ')}, ${quantity(wait.mean, 'ns')} on average`;
  return `limit: ${resource}, ${percent(busy)} busy; ${what}${waiting}`;
};

const named = ({ datapath, labels }: Answered): string =>
  [
    datapath,
    ...Object.entries(labels).map(([path, value]) => (path === 'case' ? value : `${path} ${value}`)),
  ].join(', ');

/** Which of several holds most, and how much more than the others. */
const ranking = (asked: Asked, answers: readonly Answered[]): string => {
  const known = answers.filter(({ capacity }) => capacity.value !== null);
  if (answers.length < 2 || known.length < answers.length) return '';
  const { kind } = known[0].capacity;
  const better = (a: Answered, b: Answered): number =>
    ((b.capacity.value as number) - (a.capacity.value as number)) * (kind === 'load' ? 1 : -1);
  const [best, ...others] = [...known].sort(better);
  const against = others.map((other) => {
    const apart = best.capacity.low > other.capacity.high || best.capacity.high < other.capacity.low;
    const ratio = (best.capacity.value as number) / (other.capacity.value as number);
    return apart
      ? `${Number(ratio.toPrecision(3))} times that of ${named(other)}`
      : `not surely different from ${named(other)}`;
  });
  return `${named(best)}: ${amount(asked, best.capacity.value as number)}, ${against.join(', ')}`;
};

const spent = ({ capacity: { looks } }: Answered): string => {
  const trials = looks.reduce((sum, { replications }) => sum + replications, 0);
  const most = Math.max(...looks.map(({ replications }) => replications));
  return `${looks.length} values, ${trials} trials, up to ${most} each where it is close`;
};

export const capacityText = (asked: Asked, answers: readonly Answered[]): string => {
  const objectives = asked.objectives.join(' and ');
  const lines = answers.flatMap((answer) => [
    folded(`${named(answer)} ${found(asked, answer)}`, WIDTH, 4),
    ...[why(asked, answer), spent(answer)].filter(Boolean).map((line) => `    ${folded(line, WIDTH - 4, 6)}`),
  ]);
  const last = ranking(asked, answers);
  return [
    `${asked.question}`,
    `  objective: ${objectives}${asked.ofEach ? ', of each workload of each VM' : ''}`,
    ...lines.map((line) => `  ${line.replaceAll('\n', '\n  ')}`),
    ...(last === '' ? [] : [`  ${folded(last, WIDTH, 4)}`]),
  ].join('\n');
};
