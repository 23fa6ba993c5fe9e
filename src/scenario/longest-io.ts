/** How long a job's I/Os are. */
import { readIolog } from './iolog.ts';
import type { FioWorkload } from './workload-schema.ts';

/** Bytes of the longest I/O of a job; of a log that is none, what `bs` says. */
export const longestIo = ({ bs, read_iolog }: FioWorkload): number => {
  const log = read_iolog === undefined ? null : readIolog(read_iolog);
  if (log === null || 'message' in log) return bs;
  return log.ios.reduce((most, { size }) => Math.max(most, size), 0);
};
