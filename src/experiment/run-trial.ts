/** One replication: warm-up, two halves of the measured window, and the books checked at each end. */
import type { Accounting } from '../accounting/accounting.ts';
import { InvariantError } from '../accounting/invariant.ts';
import type { Spending } from '../accounting/ledger.ts';
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import { workloadGroups } from '../scenario/copies.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import { inSeconds, type PerSecond, type Picoseconds } from '../units.ts';
import { busiestOf, loadsOf, stationsBusy, stationsUse } from './bottleneck.ts';
import { buildTrial, type Trial, type TrialRun } from './build-trial.ts';
import { measure } from './measure.ts';
import type { Load, Measured, StationUse } from './measured.ts';
import { BoundedSeries } from './statistics/bounded-series.ts';
import type { Outcome } from './statistics/outcome.ts';

export interface TrialResult {
  readonly measured: readonly Measured[];
  /** By workload, for the verdict. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly spending: readonly Spending[];
  readonly completed: ReadonlyMap<string, number>;
  readonly stages: readonly StageTimes[];
  readonly events: number;
  /** By VM whose device found its ring broken: what is wrong with it. */
  readonly stopped: ReadonlyMap<string, string>;
  /** The most loaded core and how busy it was, to name what saturates. */
  readonly bottleneck: string;
  /** Every core and shared device. */
  readonly loads: readonly Load[];
  readonly stations: readonly StationUse[];
}

export interface StageTimes {
  readonly workload: string;
  readonly stage: string;
  readonly kind: 'working' | 'waiting';
  /** ps per completed request. */
  readonly mean: number;
  /** Mean place in a request's life, from 0; orders the stages. */
  readonly place: number;
  /** ps, of the sampled requests. */
  readonly sample: readonly number[];
}

/** Brings every core's books up to now and checks that charges and idle time equal elapsed time, to the ps. */
export const closeBooks = ({ world }: Trial): void => {
  const { sim, cores, books } = world;
  for (const core of cores) core.settleBooks();
  const busy = new Map<string, number>();
  for (const line of books.ledger.spending()) busy.set(line.core, (busy.get(line.core) ?? 0) + line.busy);
  for (const { name } of cores) {
    const charged = busy.get(name) ?? 0;
    const idle = books.ledger.idle.get(name) ?? 0;
    const gap = charged + idle - sim.now;
    if (gap !== 0) {
      throw new InvariantError(
        `${name} at ${sim.now} ps: charges ${charged} + idle ${idle} miss elapsed time by ${gap} ps`,
      );
    }
  }
  books.invariants.check();
  for (const record of books.timeline.workloads) {
    record.accumulate(sim.now);
    const dropped = [...record.drops.values()].reduce((sum, count) => sum + count, 0);
    if (dropped !== record.dropped || record.inFlight < 0) {
      throw new InvariantError(`workload ${record.name}: submitted ≠ completed + dropped + in flight`);
    }
    const gap = record.littleGap(sim.now);
    if (gap > LAW_TOLERANCE) {
      throw new InvariantError(`workload ${record.name}: Little's law is off by ${gap}`);
    }
  }
  utilisationLaw(books);
};

/** Sums of picoseconds beyond 2^53 round; nothing else may. */
const LAW_TOLERANCE = 1e-9;
/** Units of a cost that segments under way may have begun and not finished: a frame's bytes in several contexts. */
const UNDER_WAY = 1 << 16;

/**
 * Busy time equals occurrences × price, for every cost with a constant price, but for what is under way. Of each payer
 * on all cores: a thread may move in the middle of an exit or of a copy, and then pays for its parts on both.
 */
const utilisationLaw = ({ ledger, costs }: Accounting): void => {
  const paid = new Map<string, { payer: string; cost: string; busy: number; count: number }>();
  for (const { payer, cost, busy, count } of ledger.spending()) {
    const key = `${payer}\u0000${cost}`;
    const before = paid.get(key) ?? { payer, cost, busy: 0, count: 0 };
    paid.set(key, { payer, cost, busy: before.busy + busy, count: before.count + count });
  }
  for (const { payer, cost: name, busy, count } of paid.values()) {
    const { price, draw } = costs.cost(name);
    if (draw !== null || price === 0) continue;
    const gap = busy - count * price;
    if (gap < 0 || gap > price * UNDER_WAY) {
      throw new InvariantError(`${payer}: ${count} × ${name} at ${price} ps took ${busy} ps`);
    }
  }
};

interface HalfStart {
  readonly area: number;
  readonly completed: number;
  readonly latencySum: number;
}

const halfStart = ({ workloads }: Trial): HalfStart[] =>
  workloads.map(({ record }) => ({
    area: record.inFlightArea,
    completed: record.latency.count,
    latencySum: record.latency.count === 0 ? 0 : record.latency.mean * record.latency.count,
  }));

/** Runs `warmUp`, then `point.scenario.run.measure`. @throws InvariantError, BudgetError */
export const runTrial = (point: ScenarioPoint, run: TrialRun, warmUp: Picoseconds): TrialResult => {
  const trial = buildTrial(point, run);
  const { world, workloads } = trial;
  const { sim, books } = world;
  const { measure: window } = point.scenario.run;
  sim.run(warmUp);
  closeBooks(trial);
  books.timeline.startMeasuring(sim.now);
  books.counters.resetTallies();
  const before = { ledger: books.ledger.snapshot(), counters: books.counters.snapshot() };
  const startDrops = workloads.map(({ record }) => new Map(record.drops));
  const startStalls = books.costs.stalls.value;
  const startUse = stationsBusy(trial);
  const startSubmitted = workloads.map(({ record }) => record.submitted);

  const half = Math.floor(window / 2);
  sim.run((warmUp + half) as Picoseconds);
  for (const { record } of workloads) record.accumulate(sim.now);
  const middle = halfStart(trial);
  sim.run((warmUp + window) as Picoseconds);
  closeBooks(trial);
  const end = halfStart(trial);

  const span = inSeconds(window);
  const outcomes = new Map<string, Outcome>();
  workloads.forEach(({ name, record, offered, lag, stallsOnLoss }, i) => {
    const first = middle[i];
    const last = end[i];
    const mean = (sum: number, count: number): number => (count === 0 ? Number.NaN : sum / count);
    outcomes.set(name, {
      window,
      offered: (offered ?? (record.submitted - startSubmitted[i]) / span) as PerSecond,
      carried: (record.latency.count / span) as PerSecond,
      lagAtEnd: lag(sim.now) as Picoseconds,
      backlog: [first.area / half, (last.area - first.area) / (window - half)],
      latency: [
        mean(first.latencySum, first.completed),
        mean(last.latencySum - first.latencySum, last.completed - first.completed),
      ],
      samples: record.latency.count,
      stalled: stallsOnLoss ? record.dropped : 0,
    });
  });
  const spending = books.ledger.spending(before.ledger);
  const counts = books.counters.since(before.counters);
  const stations = stationsUse(trial, startUse, window);
  const loads = loadsOf(trial, spending, stations, window);
  const busiest = busiestOf(loads);
  return {
    measured: measure({
      trial,
      point,
      spending,
      counts,
      startDrops,
      stalls: books.costs.stalls.value - startStalls,
      stations,
      busiest,
    }),
    outcomes,
    spending,
    completed: new Map(workloads.map(({ name, record }) => [name, record.latency.count])),
    stages: stagesOf(trial, point),
    events: sim.events,
    stopped: stoppedDevices(books),
    bottleneck: busiest.station,
    loads,
    stations,
  };
};

const stoppedDevices = ({ counters }: Accounting): ReadonlyMap<string, string> =>
  new Map(
    counters
      .since([])
      .filter(({ counter, value }) => counter.metric === 'device.errors' && value > 0)
      // The fault alone: the workload says whose device it is.
      .map(({ counter }) => [counter.vm, counter.component.replace(/^.*: /, '')]),
  );

/** Sampled requests of copies that are kept: as many as of one workload. */
const POOLED_SAMPLE = 2048;

const stagesOf = ({ world, workloads }: Trial, { scenario, copies }: ScenarioPoint): StageTimes[] => {
  const record = new Map(workloads.map(({ name, record: own }) => [name, own]));
  return workloadGroups(scenario, copies).flatMap(([workload, members]) => {
    const records = members.flatMap((member) => record.get(member) ?? []);
    const sum = (of: (each: WorkloadRecord) => number): number =>
      records.reduce((total, each) => total + of(each), 0);
    const sample = thinned(records.flatMap((each) => each.sample));
    return world.books.timeline.stages.list
      .filter(({ id }) => records.some(({ stageSums }) => stageSums[id] > 0))
      .map(({ id, name: stage, kind }) => ({
        workload,
        stage,
        kind,
        mean: sum(({ stageSums }) => stageSums[id]) / sum(({ latency }) => latency.count),
        place:
          sum(({ placeSums }) => placeSums[id]) /
          Math.max(
            1,
            sum(({ placeCounts }) => placeCounts[id]),
          ),
        sample: sample.map((row) => row[id]),
      }));
  });
};

/** At most {@link POOLED_SAMPLE} of them, evenly. */
const thinned = (rows: readonly Float64Array[]): readonly Float64Array[] => {
  const stride = Math.ceil(rows.length / POOLED_SAMPLE);
  return stride <= 1 ? rows : rows.filter((_, i) => i % stride === 0);
};

/** Runs the pilot: latencies of the whole trial in order, to find where the warm-up ends. */
export const runPilot = (point: ScenarioPoint, run: TrialRun): ReadonlyMap<string, BoundedSeries> => {
  const trial = buildTrial(point, run);
  const series = new Map<string, BoundedSeries>();
  for (const { name, record } of trial.workloads) {
    const recorder = new BoundedSeries();
    record.onCompleted = (at, latency) => recorder.record(at, latency);
    series.set(name, recorder);
  }
  trial.world.sim.run(point.scenario.run.measure);
  closeBooks(trial);
  return series;
};
