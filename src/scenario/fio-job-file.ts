/**
 * fio's job files as workloads. What a job file says of the machine it runs on (files, engines' details, reporting) has no meaning here
 * and is named, not guessed at.
 */
import { parse } from 'ini';
import { RW } from '../models/guest/applications/io-pattern.ts';

export interface ImportedJobs {
  readonly workloads: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Longest `runtime`, s; null: not said. */
  readonly runtime: number | null;
  /** What was left out, and what stands for what. */
  readonly remarks: readonly string[];
}

export type Imported = { readonly jobs: ImportedJobs } | { readonly mistakes: readonly string[] };

type Section = Readonly<Record<string, unknown>>;

/** Options that change nothing here. */
const NO_MEANING = new Set([
  ...[
    'name',
    'filename',
    'directory',
    'group_reporting',
    'time_based',
    'thread',
    'randrepeat',
    'norandommap',
  ],
  ...['refill_buffers', 'invalidate', 'randseed', 'allrandrepeat', 'description', 'exitall', 'log_avg_msec'],
  ...['write_lat_log', 'write_bw_log', 'write_iops_log', 'cpus_allowed', 'cpus_allowed_policy', 'new_group'],
  ...[
    'unified_rw_reporting',
    'percentile_list',
    'lat_percentiles',
    'clat_percentiles',
    'disable_lat',
    'gtod_reduce',
  ],
]);

const ENGINES: Readonly<Record<string, string>> = {
  libaio: 'libaio',
  io_uring: 'io_uring',
  sync: 'psync',
  psync: 'psync',
  vsync: 'psync',
  pvsync: 'psync',
  pvsync2: 'psync',
};

const POWERS = 'kmgtp';

/** An integer as fio reads it: 4k is 4,096 (kb_base 1024). */
const integer = (text: string): number | null => {
  const [, digits, unit = ''] = /^(\d+)\s*([kmgtp]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  return digits === undefined
    ? null
    : Number(digits) * 1024 ** (POWERS.indexOf(unit.toLowerCase() || ' ') + 1);
};

const SECONDS: Readonly<Record<string, number>> = {
  d: 86_400,
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  '': 1,
};

const time = (text: string): number | null => {
  const [, digits, unit = ''] = /^(\d+)\s*(d|h|m|s|ms|us)?$/i.exec(text.trim()) ?? [];
  return digits === undefined ? null : Number(digits) * SECONDS[unit.toLowerCase()];
};

/** The longer of fio's names for an option. */
const SYNONYMS: Readonly<Record<string, string>> = {
  readwrite: 'rw',
  blocksize: 'bs',
  iodepth_batch: 'iodepth_batch_submit',
  iodepth_batch_complete: 'iodepth_batch_complete_min',
};

/** Simulated seconds cost real ones, and queues are in their swing after a fraction of one. */
const RAMP_MOST = 0.2;

/** Options that take one figure for reads, one for writes and one for trims. */
const LISTS = new Set(['bs', 'rate_iops']);

const COUNTS = [
  'iodepth',
  'numjobs',
  'iodepth_batch_submit',
  'iodepth_batch_complete_min',
  'prioclass',
] as const;

class JobReader {
  readonly workload: Record<string, unknown> = { vm: 'vm', kind: 'fio' };
  readonly mistakes: string[] = [];
  readonly unused: string[] = [];
  /** The job does not say that it passes the page cache by. */
  assumesDirect = false;
  runtime: number | null = null;
  private readonly name: string;

  constructor(name: string, options: Section) {
    this.name = name;
    for (const [key, value] of Object.entries(options)) this.take(SYNONYMS[key] ?? key, String(value));
    const { workload } = this;
    workload['rw'] ??= 'read';
    // What fio takes on Linux where a job says nothing.
    workload['ioengine'] ??= 'psync';
    if (workload['ioengine'] === 'psync' && workload['iodepth'] !== undefined) {
      if (workload['iodepth'] !== 1) this.unused.push('iodepth of a synchronous engine');
      delete workload['iodepth'];
    }
    if (options['direct'] === undefined && options['buffered'] === undefined) this.assumesDirect = true;
  }

  private refuse(key: string, value: string, wanted: string): void {
    this.mistakes.push(`[${this.name}] ${key}=${value}: ${wanted}`);
  }

  private read<T>(key: string, value: string, reader: (text: string) => T | null, wanted: string): T | null {
    const found = reader(value);
    if (found === null) this.refuse(key, value, wanted);
    return found;
  }

  private take(key: string, value: string): void {
    const { workload } = this;
    if (LISTS.has(key) && value.includes(','))
      this.unused.push(`${key}=${value}: what follows the first figure`);
    if ((COUNTS as readonly string[]).includes(key)) {
      const count = this.read(key, value, integer, 'expected a whole number');
      if (count !== null) workload[key] = count;
      return;
    }
    switch (key) {
      case 'rw':
        this.takeDirection(value === 'readwrite' ? 'rw' : value);
        return;
      case 'bs':
      case 'size':
      case 'offset': {
        if (key === 'size' && value.endsWith('%')) {
          this.unused.push(`${key}=${value}`);
          return;
        }
        const bytes = this.read(key, value.split(',')[0], integer, 'expected a size, e.g. 4k');
        if (bytes !== null) workload[key] = `${bytes} B`;
        return;
      }
      case 'ioengine': {
        const engine = this.read(
          key,
          value,
          (text) => ENGINES[text] ?? null,
          `there is ${Object.keys(ENGINES).join(', ')}`,
        );
        if (engine !== null) workload[key] = engine;
        return;
      }
      case 'rate_iops': {
        const rate = this.read(key, value.split(',')[0], integer, 'expected I/Os a second');
        if (rate !== null) workload[key] = `${rate} /s`;
        return;
      }
      default:
        this.takeRest(key, value);
    }
  }

  private takeDirection(value: string): void {
    if ((RW as readonly string[]).includes(value)) this.workload['rw'] = value;
    else this.refuse('rw', value, `there is ${RW.join(', ')}`);
  }

  private takeRamp(key: string, value: string): void {
    const ramp = this.read(key, value, time, 'expected a time, e.g. 5 or 500ms');
    if (ramp === null) return;
    const kept = Math.min(ramp, RAMP_MOST);
    this.workload['ramp_time'] = `${Math.round(kept * 1e6) / 1e3} ms`;
    if (kept < ramp) this.unused.push(`ramp_time=${value} beyond ${RAMP_MOST} s of simulated time`);
  }

  private takeRest(key: string, value: string): void {
    const { workload } = this;
    if (key === 'rwmixread' || key === 'rwmixwrite') {
      const share = this.read(key, value, integer, 'expected a percentage');
      if (share !== null) workload['rwmixread'] = key === 'rwmixread' ? share : 100 - share;
    } else if (key === 'runtime')
      this.runtime = this.read(key, value, time, 'expected a time, e.g. 30 or 500ms');
    else if (key === 'ramp_time') this.takeRamp(key, value);
    else if (key === 'read_iolog') this.refuse(key, value, `import the log itself: vmio import ${value}`);
    else if (key === 'rate_process' && (value === 'linear' || value === 'poisson')) workload[key] = value;
    else if (key === 'direct' || key === 'buffered') {
      const direct = (value === '1' || value === 'true') === (key === 'direct');
      if (!direct) this.refuse(key, value, 'I/O through the page cache is not modelled; take direct=1');
    } else if (!NO_MEANING.has(key)) this.unused.push(`${key}=${value}`);
  }
}

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null;

/** `ini` takes dots in the names of sections for levels. */
const sections = (tree: Section, prefix = ''): [string, Section][] =>
  Object.entries(tree).flatMap(([key, value]) => {
    if (!isSection(value)) return [];
    const options = Object.entries(value).filter(([, each]) => !isSection(each));
    const own: [string, Section][] =
      options.length > 0 || Object.keys(value).length === 0
        ? [[prefix + key, Object.fromEntries(options)]]
        : [];
    return [...own, ...sections(value, `${prefix}${key}.`)];
  });

/** A workload's name: letters, digits and -. */
const nameOf = (section: string): string => {
  const plain = section.replace(/[^a-z0-9-]+/gi, '-').replace(/^-+|-+$/g, '');
  return /^[a-z]/i.test(plain) ? plain : `job-${plain}`;
};

const longest = (times: readonly (number | null)[]): number | null => {
  const said = times.filter((each): each is number => each !== null);
  return said.length === 0 ? null : Math.max(...said);
};

/** @param text of a job file. */
export const importFioJobs = (text: string): Imported => {
  // fio takes no notice of indentation, ini does.
  const found = sections(parse(text.replace(/^[ \t]+/gm, '')));
  const global = Object.assign(
    {},
    ...found.filter(([name]) => name === 'global').map(([, options]) => options),
  );
  const readers = found
    .filter(([name]) => name !== 'global')
    .map(([name, options]) => [nameOf(name), new JobReader(name, { ...global, ...options })] as const);
  if (readers.length === 0) return { mistakes: ['there is no job: a section such as [reads]'] };
  const mistakes = readers.flatMap(([, reader]) => reader.mistakes);
  const twice = readers.find(([name], i) => readers.some(([other], j) => j < i && other === name));
  if (twice !== undefined) mistakes.push(`two jobs would be called "${twice[0]}"`);
  if (mistakes.length > 0) return { mistakes };
  const unused = new Set(readers.flatMap(([, reader]) => reader.unused));
  const assumed = readers.some(([, { assumesDirect }]) => assumesDirect);
  const late = /^\[(?!global\])[^\]]*\][\s\S]*^\[global\]/m.test(text.replace(/^[ \t]+/gm, ''));
  const general = [
    ...(assumed ? ['direct=1 is taken for granted: I/O through the page cache is not modelled'] : []),
    ...(late ? ['a [global] section behind a job holds for all jobs here'] : []),
  ];
  const remarks = [...unused].map((option) =>
    option.startsWith('stonewall')
      ? 'stonewall: fio would run the jobs one after the other; here they run together'
      : `${option} is left out`,
  );
  return {
    jobs: {
      workloads: Object.fromEntries(readers.map(([name, { workload }]) => [name, workload])),
      runtime: longest(readers.map(([, { runtime }]) => runtime)),
      remarks: [...general, ...remarks],
    },
  };
};
