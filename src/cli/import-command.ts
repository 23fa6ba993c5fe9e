/** `vmio import`: a scenario from a job file of fio, on standard output. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { importFioJobs } from '../scenario/fio-job-file.ts';
import { FINE, WRONG_INPUT } from './exit-status.ts';

const FILE_MAX = 1 << 20;

/** Simulated seconds cost real ones: what fio runs for minutes needs but a part of one here. */
const MEASURE_MOST = 1;
const MEASURE = 0.2;
const WARM_UP_MOST = 0.2;

const milliseconds = (seconds: number): string => `${Math.round(seconds * 1e6) / 1e3} ms`;

const complain = (messages: readonly string[]): number => {
  for (const message of messages) process.stderr.write(`vmio: ${message}\n`);
  return WRONG_INPUT;
};

export const importCommand = (file: string): number => {
  let text: string;
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) return complain([`${file} is a folder; name a job file in it`]);
    if (stat.size > FILE_MAX)
      return complain([`${file} is ${stat.size} bytes long; a job file has at most ${FILE_MAX}`]);
    text = readFileSync(file, 'utf8');
  } catch (error) {
    return complain([`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  const imported = importFioJobs(text);
  if ('mistakes' in imported) return complain(imported.mistakes.map((mistake) => `${file}: ${mistake}`));
  const { workloads, runtime, ramp, remarks } = imported.jobs;
  const measure = Math.min(runtime ?? MEASURE, MEASURE_MOST);
  for (const remark of remarks) process.stderr.write(`vmio: ${file}: ${remark}\n`);
  if (runtime !== null && runtime > measure) {
    process.stderr.write(
      `vmio: ${file}: runtime: measured for ${measure} s of simulated time instead of ${runtime} s\n`,
    );
  }
  process.stdout.write(
    stringify({
      title: `Jobs of ${path.basename(file)}`,
      question: 'What do these jobs reach on each datapath?',
      machine: 'profiles/server-3ghz.yaml',
      host: { disk: { class: 'nvme-tlc' } },
      vms: { vm: {} },
      workloads,
      datapaths: ['native', 'virtio-blk'],
      run: {
        measure: milliseconds(measure),
        warmUp: ramp === null ? 'auto' : milliseconds(Math.min(ramp, WARM_UP_MOST)),
      },
    }),
  );
  return FINE;
};
