/** The metrics of one trial (design: names used everywhere), per workload, per VM and per machine. */
import type { Stage } from '../accounting/stages.ts';
import { inNanoseconds, inSeconds, type Picoseconds, workIn } from '../units.ts';
import { ofBoot } from './measure-boot.ts';
import { ofMachine, unitOf } from './measure-machine.ts';
import type { Measured, Source } from './measured.ts';
import { pooledWorkloads, type Recorded } from './pooled-workloads.ts';

const PERCENTILES: readonly (readonly [string, number])[] = [
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['p99.99', 0.9999],
];

/** Requests below which a percentile says nothing: one in a hundred above it. */
const enough = (samples: number, p: number): boolean => samples * (1 - p) >= 5;

export const measure = (source: Source): Measured[] => {
  const { trial, point } = source;
  const window = point.scenario.run.measure;
  return [
    ...trial.workloads.flatMap((workload, i) =>
      ofWorkload(workload, window, source.startDrops[i], trial.world.books.timeline.stages.list),
    ),
    ...pooledWorkloads(source).flatMap(({ startDrops, ...pool }) =>
      ofWorkload(pool, window, startDrops, trial.world.books.timeline.stages.list),
    ),
    ...trial.vms.flatMap((vm) => [
      ...ofBoot(vm, point.scenario, trial.boots.get(vm)),
      ...errorsOf(vm, source),
      ...ofVm(vm, [vm], source),
    ]),
    ...Object.entries(point.copies.vms).flatMap(([name, members]) => ofVm(name, members, source)),
    ...errorsOf('', source),
    ...ofMachine(source, window),
  ];
};

const ofWorkload = (
  { name, vm, record }: Recorded,
  window: Picoseconds,
  startDrops: ReadonlyMap<string, number>,
  stages: readonly Stage[],
): Measured[] => {
  const { latency, jitter } = record;
  const rows: Measured[] = [];
  const add = (metric: string, statistic: string, unit: string, value: number, component = ''): void => {
    rows.push({ vm, workload: name, metric, component, statistic, unit, value });
  };
  const samples = latency.count;
  if (samples > 0) {
    add('latency', 'mean', 'ns', inNanoseconds(latency.mean as Picoseconds));
    if (samples > 1) add('latency', 'stddev', 'ns', inNanoseconds(latency.stddev as Picoseconds));
    for (const [statistic, p] of PERCENTILES) {
      if (enough(samples, p))
        add('latency', statistic, 'ns', inNanoseconds(latency.quantile(p) as Picoseconds));
    }
    add('latency', 'max', 'ns', inNanoseconds(latency.max as Picoseconds));
    add('latency', 'samples', 'requests', samples);
    if (jitter !== null) {
      add('jitter.ipdv', 'mean', 'ns', inNanoseconds(jitter.ipdvMean as Picoseconds));
      add('jitter.ipdv', 'stddev', 'ns', inNanoseconds(jitter.ipdvDeviation as Picoseconds));
      add('jitter.rfc3550', 'last', 'ns', inNanoseconds(jitter.rfc3550 as Picoseconds));
    }
    if (enough(samples, 0.99)) {
      const spread = latency.quantile(0.99) - latency.quantile(0.5);
      add('jitter.p99-p50', 'value', 'ns', inNanoseconds(spread as Picoseconds));
    }
  }
  const span = inSeconds(window);
  for (const { id, name: stage } of stages) {
    if (record.stageSums[id] === 0) continue;
    add('stage', 'mean', 'ns', inNanoseconds((record.stageSums[id] / samples) as Picoseconds), stage);
  }
  add('throughput.requests', 'rate', '1/s', samples / span);
  add('throughput.bits', 'rate', 'bit/s', (record.bytesCompleted * 8) / span);
  let total = 0;
  for (const [place, count] of record.drops) {
    const dropped = count - (startDrops.get(place) ?? 0);
    total += dropped;
    add('drops', 'rate', '1/s', dropped / span, place);
  }
  add('drops', 'rate', '1/s', total / span);
  return rows;
};

/** Counted per request of the VM; the whole, and each component. */
const COUNTED = [
  'exits.device',
  'exits.other',
  'kicks',
  'interrupts.raised',
  'interrupts.taken',
  'virtqueue',
  'iotlb.hits',
  'iotlb.misses',
  'atc.hits',
];
/** Counted in the whole trial: what began before the window may be missing in all of it. */
const WHOLE_TRIAL: ReadonlyMap<string, string> = new Map([
  ['device.errors', 'errors'],
  ['dma.faults', 'accesses'],
  ['order.violations', 'writes'],
]);
/** Metrics whose components are different things: their sum means nothing. */
const NO_TOTAL = new Set(['virtqueue']);
/** Metrics of functions that pass the IOMMU: a VM without one has no row. */
const OF_FUNCTIONS = new Set(['iotlb.hits', 'iotlb.misses', 'atc.hits']);

/** Errors of a VM's devices, or of the host's. */
const errorsOf = (vm: string, { counts }: Source): Measured[] =>
  counts.flatMap(({ counter: { metric, component, value, vm: owner } }) => {
    const unit = WHOLE_TRIAL.get(metric);
    if (unit === undefined || owner !== vm) return [];
    return [{ vm, workload: '', metric, component, statistic: 'count', unit, value }];
  });

const byComponent = (counts: Source['counts']): Map<string, number> => {
  const sums = new Map<string, number>();
  for (const { counter, value } of counts) {
    sums.set(counter.component, (sums.get(counter.component) ?? 0) + value);
  }
  return sums;
};

/** @param members itself, or its copies, whose counts are added up. */
const ofVm = (
  vm: string,
  members: readonly string[],
  { trial, counts, spending, point }: Source,
): Measured[] => {
  const requests = trial.workloads
    .filter((workload) => members.includes(workload.vm))
    .reduce((sum, { record }) => sum + record.latency.count, 0);
  if (requests === 0) return [];
  const rows: Measured[] = [];
  const add = (metric: string, component: string, unit: string, value: number, statistic = 'mean'): void => {
    rows.push({ vm, workload: '', metric, component, statistic, unit, value });
  };
  for (const metric of COUNTED) {
    const mine = counts.filter(({ counter }) => counter.metric === metric && members.includes(counter.vm));
    for (const [component, value] of byComponent(mine)) add(metric, component, '1/request', value / requests);
    const total = mine.reduce((sum, { value }) => sum + value, 0);
    if (mine.length === 0 && OF_FUNCTIONS.has(metric)) continue;
    if (!NO_TOTAL.has(metric)) add(metric, '', '1/request', total / requests);
  }
  // A kick is a register write too.
  for (const [sum, access] of [
    ['reads', /^read /],
    ['writes', /^(write|notify) /],
  ] as const) {
    const some = counts.filter(
      ({ counter }) =>
        counter.metric === 'exits.device' && members.includes(counter.vm) && access.test(counter.component),
    );
    const total = some.reduce((all, { value }) => all + value, 0);
    add('exits.device', sum, '1/request', total / requests);
  }
  for (const tally of trial.world.books.counters.allTallies()) {
    if (tally.vm !== vm || tally.count === 0) continue;
    add(tally.metric, tally.component, unitOf(tally), tally.sum / tally.count);
    add(tally.metric, tally.component, unitOf(tally), tally.max, 'max');
  }
  // The vCPU alone: guest work and the host's work on its behalf.
  const vcpu = spending.filter(({ payer }) => members.some((name) => payer.startsWith(`${name} vcpu`)));
  const work = vcpu.reduce((sum, line) => sum + line.busy, 0) / requests;
  add('cycles.vcpu', '', 'cycles/request', workIn(work as Picoseconds, point.machine.clock));
  return rows;
};
