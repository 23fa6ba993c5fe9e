/** The slowest requests, and what they waited for. */
import { mean } from 'simple-statistics';
import type { PointResult } from '../run-point.ts';

/** One sampled request: its stages, ps, by name. */
export interface SampledRequest {
  readonly latency: number;
  readonly stages: ReadonlyMap<string, number>;
}

/** Share of the requests that is the tail: those beyond the 99th percentile. */
export const TAIL = 0.01;

/** The sampled requests of a workload, of all replications. */
const requestsOf = (trials: PointResult['trials'], workload: string): SampledRequest[] =>
  trials.flatMap(({ stages }) => {
    const mine = stages.filter((each) => each.workload === workload);
    const count = mine[0]?.sample.length ?? 0;
    return Array.from({ length: count }, (_, i) => {
      const own = new Map(
        mine.filter(({ sample }) => sample[i] > 0).map(({ stage, sample }) => [stage, sample[i]]),
      );
      return { stages: own, latency: [...own.values()].reduce((sum, time) => sum + time, 0) };
    });
  });

/** The slowest {@link TAIL} of the sampled requests, the slowest first; at least one. */
export const slowest = ({ trials }: PointResult, workload: string): SampledRequest[] => {
  const all = requestsOf(trials, workload).sort((a, b) => b.latency - a.latency);
  return all.slice(0, Math.max(Math.min(1, all.length), Math.round(all.length * TAIL)));
};

export interface TailGroup {
  /** What its requests waited for longest, compared with what is usual; a working stage where they did not wait. */
  readonly stage: string;
  readonly requests: number;
  /** Of the slowest. */
  readonly share: number;
  /** Mean latency of its requests, ps. */
  readonly latency: number;
  /** What they spent in that stage, and what a request spends there on average, ps. */
  readonly spent: number;
  readonly usual: number;
}

/** The slowest requests, each counted where it lost most beyond what is usual, the largest group first. */
export const tailAnatomy = (result: PointResult, workload: string): TailGroup[] => {
  const usual = new Map<string, number>();
  for (const { stages } of result.trials) {
    for (const each of stages) {
      if (each.workload !== workload) continue;
      usual.set(each.stage, (usual.get(each.stage) ?? 0) + each.mean / result.trials.length);
    }
  }
  const requests = slowest(result, workload);
  const groups = new Map<string, SampledRequest[]>();
  for (const request of requests) {
    const [stage] = [...request.stages]
      .map(([name, time]) => [name, time - (usual.get(name) ?? 0)] as const)
      .reduce((a, b) => (b[1] > a[1] ? b : a));
    groups.set(stage, [...(groups.get(stage) ?? []), request]);
  }
  return [...groups]
    .map(([stage, members]) => ({
      stage,
      requests: members.length,
      share: members.length / requests.length,
      latency: mean(members.map(({ latency }) => latency)),
      spent: mean(members.map(({ stages }) => stages.get(stage) ?? 0)),
      usual: usual.get(stage) ?? 0,
    }))
    .sort((a, b) => b.requests - a.requests || b.latency - a.latency);
};
