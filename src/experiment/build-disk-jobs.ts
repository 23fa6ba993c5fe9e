/** fio jobs of a scenario, on the disks of their VMs. */
import { InvariantError } from '../accounting/invariant.ts';
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import type { DiskAttachment } from '../datapaths/disk-datapath.ts';
import type { World } from '../datapaths/world.ts';
import type { RandomStream } from '../kernel/random.ts';
import { FioJob } from '../models/guest/applications/fio-job.ts';
import { IoPattern } from '../models/guest/applications/io-pattern.ts';
import { ReplayedIos, replayedTimes } from '../models/guest/applications/replay.ts';
import { type Arrivals, periodic, poisson } from '../models/guest/arrivals.ts';
import { type Iolog, readIolog } from '../scenario/iolog.ts';
import type { FioWorkload } from '../scenario/workload-schema.ts';
import { interval, type PerSecond, perSecond } from '../units.ts';

interface RunningJobs {
  /** Of all jobs together; null: as fast as their depth allows. */
  readonly offered: PerSecond | null;
  lag(now: number): number;
}

type Streams = (variate: string) => RandomStream;

/** The log of a checked scenario. */
const logOf = (text: string): Iolog => {
  const log = readIolog(text);
  if ('message' in log) throw new InvariantError(`line ${log.line} of a log: ${log.message}`);
  return log;
};

const patternOf = (workload: FioWorkload, capacity: number, stream: Streams): IoPattern => {
  const { rw, offset } = workload;
  if (rw === undefined) throw new InvariantError('a job does nothing');
  const size = Math.min(workload.size ?? capacity, capacity - offset);
  return new IoPattern({ ...workload, rw, offset, size }, stream('offset'), stream('direction'));
};

const arrivalsOf = ({ rate_iops, rate_process }: FioWorkload, stream: Streams): Arrivals | null =>
  rate_iops === undefined
    ? null
    : (rate_process === 'poisson' ? poisson : periodic)(stream('arrivals'), interval(rate_iops));

/** Job i runs on vCPU i of the VM, counted round and round, as fio has it with `cpus_allowed_policy=split`. */
export const addFioJobs = (
  { random }: World,
  { cpus, capacity }: DiskAttachment,
  record: WorkloadRecord,
  workload: FioWorkload,
  /** Jobs so far. */
  before: number,
): RunningJobs => {
  const { rate_iops, numjobs, ioengine, runtime, ramp_time } = workload;
  const log = workload.read_iolog === undefined ? null : logOf(workload.read_iolog);
  const timed = log !== null && log.duration > 0 && !workload.replay_no_stall;
  const until = runtime === undefined ? Number.POSITIVE_INFINITY : ramp_time + runtime;
  const allowed = workload.cpus_allowed?.map((cpu) => cpus[cpu]) ?? cpus;
  const jobs = Array.from({ length: numjobs }, (_, i) => {
    const stream = (variate: string) => random.stream(`workload ${record.name} job ${i} ${variate}`);
    const { processor, placed, queue, pollQueue } = allowed[i % allowed.length];
    const source = log === null ? patternOf(workload, capacity, stream) : new ReplayedIos(log.ios, capacity);
    return new FioJob(
      processor,
      { record, queue: workload.hipri ? (pollQueue ?? queue) : queue, source, placed, producer: before + i },
      {
        ...workload,
        interactive: workload.prioclass === 1,
        until,
        synchronous: ioengine === 'psync',
        arrivals: timed ? replayedTimes(log, workload.replay_time_scale) : arrivalsOf(workload, stream),
      },
    );
  });
  const lag = (now: number): number =>
    Math.max(0, ...jobs.map(({ intended }) => (intended >= until ? 0 : now - intended)));
  if (rate_iops === undefined && !timed) return { offered: null, lag: () => 0 };
  // With a runtime or a log the load is not the same in all of the window: what was started is what was offered.
  return rate_iops === undefined || runtime !== undefined
    ? { offered: null, lag }
    : { offered: perSecond(rate_iops * numjobs), lag };
};
