/** `vmio import`: a scenario from a job file or a log of fio, on standard output. */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { importFioJobs } from '../scenario/fio-job-file.ts';
import { isIolog } from '../scenario/iolog.ts';
import { excerptIolog } from '../scenario/iolog-excerpt.ts';
import { inSeconds } from '../units.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';

/** So much is read of a file; a log may be longer. */
const READ_MOST = 1 << 20;

/** Simulated seconds cost real ones: what fio runs for minutes needs but a part of one here. */
const MEASURE_MOST = 1;
const MEASURE = 0.2;

const milliseconds = (seconds: number): string => `${Math.round(seconds * 1e6) / 1e3} ms`;

interface Imported {
  readonly title: string;
  readonly question: string;
  readonly workloads: Readonly<Record<string, unknown>>;
  /** As long as it went on in fio, s; null: not said. */
  readonly seconds: number | null;
  readonly remarks: readonly string[];
}

type Reading = Imported | { readonly mistakes: readonly string[] };

const fromJobs = (name: string, text: string): Reading => {
  const imported = importFioJobs(text);
  if ('mistakes' in imported) return imported;
  const { workloads, runtime, remarks } = imported.jobs;
  const question = 'What do these jobs reach on each datapath?';
  return { title: `Jobs of ${name}`, question, workloads, seconds: runtime, remarks };
};

const fromLog = (name: string, text: string, length: number): Reading => {
  const excerpt = excerptIolog(text, length);
  if ('message' in excerpt) return { mistakes: [`line ${excerpt.line}: ${excerpt.message}`] };
  const { log, remarks } = excerpt;
  const timed = log.duration > 0;
  const job = { vm: 'vm', kind: 'fio', ioengine: 'libaio', iodepth: 128, read_iolog: excerpt.text };
  return {
    title: `I/Os of ${name}`,
    question: 'How long do these I/Os take on each datapath?',
    workloads: { replay: job },
    seconds: timed ? Math.max(MEASURE, inSeconds(log.duration)) : null,
    remarks: [...remarks, 'iodepth is 128: a log does not say how many may be under way'],
  };
};

const complain = (messages: readonly string[]): number => {
  for (const message of messages) process.stderr.write(`vmio: ${message}\n`);
  return WRONG_INPUT;
};

/** Its first bytes, up to READ_MOST. */
const beginningOf = (file: string): string => {
  const buffer = Buffer.alloc(READ_MOST);
  const descriptor = openSync(file, 'r');
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, READ_MOST, 0));
  } finally {
    closeSync(descriptor);
  }
};

export const importCommand = (file: string): number => {
  let text: string;
  let size: number;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) return complain([`${file} is a folder; name a job file or a log in it`]);
    size = stat.size;
    text = beginningOf(file);
  } catch (error) {
    return complain([`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  const name = path.basename(file);
  const isLog = isIolog(text);
  if (!isLog && size > READ_MOST)
    return complain([`${file} is ${size} bytes long; a job file has at most ${READ_MOST}`]);
  const imported = isLog ? fromLog(name, text, size) : fromJobs(name, text);
  if ('mistakes' in imported) return complain(imported.mistakes.map((mistake) => `${file}: ${mistake}`));
  const { title, question, workloads, seconds, remarks } = imported;
  const measure = Math.min(seconds ?? MEASURE, MEASURE_MOST);
  for (const remark of remarks) process.stderr.write(`vmio: ${file}: ${remark}\n`);
  if (seconds !== null && seconds > measure) {
    process.stderr.write(
      `vmio: ${file}: measured for ${measure} s of simulated time instead of ${seconds} s\n`,
    );
  }
  process.stdout.write(
    stringify({
      title,
      question,
      machine: 'profiles/server-3ghz.yaml',
      host: { disk: { class: 'nvme-tlc' } },
      vms: { vm: {} },
      workloads,
      datapaths: ['native', 'virtio-blk'],
      run: { measure: milliseconds(measure), warmUp: 'auto' },
    }),
  );
  return FINE;
};
