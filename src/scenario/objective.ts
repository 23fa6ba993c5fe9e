/** Service-level objectives as people write them: `p99 < 100us`, `drops < 1e-5`, `cpu.host < 80 %`. */
import { readFigure } from './figure.ts';
import { METRICS, splitMetric } from './metrics.ts';
import { SHARE } from './text/dimensions.ts';
import { didYouMean } from './text/mistake.ts';
import { nearest } from './text/nearest.ts';
import { parseQuantity, type Reading } from './text/quantity.ts';

/** What an objective is about. */
export interface Subject {
  /** As it was written, spaces evened out. */
  readonly text: string;
  /** Null: of every workload. */
  readonly workload: string | null;
  readonly metric: string;
  readonly statistic: string;
  readonly component: string;
  /** `lost`: dropped, as a share of what was offered; `of cores`: as a share of the host's cores. */
  readonly as: 'figure' | 'lost' | 'of cores';
  /** Of the metric; null of a share. */
  readonly unit: string | null;
}

export interface Objective extends Subject {
  /** The figure must be below the limit; else above it. */
  readonly below: boolean;
  /** In the unit of the metric, above 0. */
  readonly limit: number;
}

const SUBJECT =
  '(?:(?<workload>[a-z][a-z0-9-]*) +)?(?<metric>[a-z][a-z0-9.-]*)(?:\\[(?<component>[^\\]]+)\\])?';
const ALONE = new RegExp(`^${SUBJECT}$`, 'i');
const SHAPE = new RegExp(`^${SUBJECT} *(?<sign><=?|>=?) *(?<limit>\\S.*)$`, 'i');
/** Statistics of the latency that may stand alone. */
const OF_LATENCY = /^(mean|max|stddev|p\d+(\.\d+)?)$/;
const SHARES: Readonly<Record<string, Pick<Objective, 'as' | 'metric' | 'statistic'>>> = {
  drops: { as: 'lost', metric: 'drops', statistic: 'rate' },
  'cpu.host': { as: 'of cores', metric: 'cpu', statistic: 'mean' },
};

type Known = Pick<Subject, 'as' | 'metric' | 'statistic' | 'unit'>;

/** `80 %`, or `0.8`. */
const readShare = (text: string): Reading => {
  const plain = Number(text);
  return Number.isFinite(plain) ? { value: plain } : parseQuantity(SHARE, text);
};

const known = (name: string): Known | null => {
  if (Object.hasOwn(SHARES, name)) return { ...SHARES[name], unit: null };
  const split = splitMetric(OF_LATENCY.test(name) ? `latency.${name}` : name);
  if (split === null) return null;
  return {
    as: 'figure',
    metric: split.metric.name,
    statistic: split.statistic,
    unit: split.metric.unit,
  };
};

/** Shares are of a workload or the machine as a whole. */
const partOfShare = (text: string, { as }: Known, component: string): { readonly mistake: string } | null =>
  as === 'figure' || component === '' ? null : { mistake: `"${text}": a share has no part [${component}]` };

const unknown = (text: string, metric: string): { readonly mistake: string } => {
  const names = [...METRICS.map(({ name }) => name), ...Object.keys(SHARES), 'p50', 'p99', 'p99.9'];
  const near = nearest(metric, names) ?? nearest(metric.replace(/\.[^.]*$/, ''), names);
  return { mistake: `"${text}": there is no metric "${metric}"${didYouMean(near)}` };
};

const named = (workload: string | null, metric: string, component: string): string =>
  `${workload === null ? '' : `${workload} `}${metric}${component === '' ? '' : `[${component}]`}`;

/** `p99`, `rpc throughput.requests`. @returns what is meant, or what is wrong with it. */
export const readSubject = (text: string): Subject | { readonly mistake: string } => {
  const { workload = null, metric = '', component = '' } = ALONE.exec(text.trim())?.groups ?? {};
  if (metric === '') return { mistake: `"${text}" is no metric (expected e.g. p99 or rpc p99)` };
  const found = known(metric);
  if (found === null) return unknown(text, metric);
  return { ...found, text: named(workload, metric, component), workload, component };
};

/** @returns the objective, or what is wrong with it. */
export const readObjective = (text: string): Objective | { readonly mistake: string } => {
  const {
    workload = null,
    metric = '',
    component = '',
    sign = '',
    limit = '',
  } = SHAPE.exec(text.trim())?.groups ?? {};
  if (metric === '') return { mistake: `"${text}" is no objective (expected e.g. p99 < 100 us)` };
  const found = known(metric);
  if (found === null) return unknown(text, metric);
  const part = partOfShare(text, found, component);
  if (part !== null) return part;
  const reading = found.as === 'figure' ? readFigure(limit, found.unit) : readShare(limit);
  if ('mistake' in reading) return { mistake: `"${text}": ${reading.mistake}` };
  if (!(reading.value > 0)) return { mistake: `"${text}": a limit must be above 0` };
  return {
    ...found,
    text: `${named(workload, metric, component)} ${sign} ${limit}`,
    workload,
    component,
    below: sign.startsWith('<'),
    limit: reading.value,
  };
};
