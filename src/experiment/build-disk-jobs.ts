/** fio jobs of a scenario, on the disks of their VMs. */
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import type { DiskAttachment } from '../datapaths/disk-datapath.ts';
import type { World } from '../datapaths/world.ts';
import { FioJob } from '../models/guest/applications/fio-job.ts';
import { IoPattern } from '../models/guest/applications/io-pattern.ts';
import { type Arrivals, periodic, poisson } from '../models/guest/arrivals.ts';
import type { FioWorkload } from '../scenario/workload-schema.ts';
import { interval, type PerSecond, perSecond } from '../units.ts';

interface RunningJobs {
  /** Of all jobs together; null: as fast as their depth allows. */
  readonly offered: PerSecond | null;
  lag(now: number): number;
}

/** Job i runs on vCPU i of the VM, counted round and round, as fio has it with `cpus_allowed_policy=split`. */
export const addFioJobs = (
  { random }: World,
  { cpus, capacity }: DiskAttachment,
  record: WorkloadRecord,
  workload: FioWorkload,
  /** Jobs so far. */
  before: number,
): RunningJobs => {
  const { rate_iops, rate_process, numjobs, offset, ioengine } = workload;
  const size = Math.min(workload.size ?? capacity, capacity - offset);
  const jobs = Array.from({ length: numjobs }, (_, i) => {
    const stream = (variate: string) => random.stream(`workload ${record.name} job ${i} ${variate}`);
    const arrivals = (rate: PerSecond): Arrivals =>
      (rate_process === 'poisson' ? poisson : periodic)(stream('arrivals'), interval(rate));
    const { processor, placed, queue, pollQueue } = cpus[i % cpus.length];
    const pattern = new IoPattern({ ...workload, offset, size }, stream('offset'), stream('direction'));
    return new FioJob(
      processor,
      { record, queue: workload.hipri ? (pollQueue ?? queue) : queue, pattern, placed, producer: before + i },
      {
        ...workload,
        interactive: workload.prioclass === 1,
        until: workload.runtime ?? Number.POSITIVE_INFINITY,
        synchronous: ioengine === 'psync',
        arrivals: rate_iops === undefined ? null : arrivals(rate_iops),
      },
    );
  });
  const until = workload.runtime ?? Number.POSITIVE_INFINITY;
  const lag = (now: number): number =>
    Math.max(0, ...jobs.map(({ intended }) => (intended >= until ? 0 : now - intended)));
  // With a runtime the load is not the same in all of the window: what was started is what was offered.
  return rate_iops === undefined || workload.runtime !== undefined
    ? { offered: null, lag: rate_iops === undefined ? () => 0 : lag }
    : { offered: perSecond(rate_iops * numjobs), lag };
};
