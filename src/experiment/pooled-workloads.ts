/** The workloads of VMs that are alike, taken as one: all their requests in one record. */
import { LatencyHistogram } from '../accounting/histogram.ts';
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import type { RunningWorkload } from './build-trial.ts';
import type { Source } from './measured.ts';

/** What the metrics of a workload are taken from. */
export interface Recorded {
  readonly name: string;
  readonly vm: string;
  readonly record: Pick<WorkloadRecord, 'latency' | 'bytesCompleted' | 'drops' | 'stageSums'> & {
    /** Null for several flows: jitter is of one. */
    readonly jitter: WorkloadRecord['jitter'] | null;
  };
}

interface Pool extends Recorded {
  readonly startDrops: ReadonlyMap<string, number>;
}

const added = (all: readonly ReadonlyMap<string, number>[]): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const each of all) {
    for (const [place, count] of each) sums.set(place, (sums.get(place) ?? 0) + count);
  }
  return sums;
};

const pooled = (records: readonly WorkloadRecord[]): Recorded['record'] => {
  const latency = new LatencyHistogram();
  for (const record of records) latency.merge(record.latency);
  return {
    latency,
    jitter: null,
    bytesCompleted: records.reduce((sum, record) => sum + record.bytesCompleted, 0),
    drops: added(records.map(({ drops }) => drops)),
    stageSums: records[0].stageSums.map((_, id) =>
      records.reduce((sum, { stageSums }) => sum + stageSums[id], 0),
    ),
  };
};

/** One for each entry that was copied. */
export const pooledWorkloads = ({ trial, point, startDrops }: Source): Pool[] => {
  const known = new Map(
    trial.workloads.map((workload, i) => [workload.name, { workload, drops: startDrops[i] }]),
  );
  return Object.entries(point.copies.workloads).map(([name, members]) => {
    const found = members.map(
      (member) => known.get(member) as { workload: RunningWorkload; drops: Map<string, number> },
    );
    const [vm] = Object.entries(point.copies.vms).find(([, vms]) => vms.includes(found[0].workload.vm)) as [
      string,
      unknown,
    ];
    return {
      name,
      vm,
      record: pooled(found.map(({ workload }) => workload.record)),
      startDrops: added(found.map(({ drops }) => drops)),
    };
  });
};
