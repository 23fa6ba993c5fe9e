/** The metrics of one trial that belong to no VM or workload: who is billed, and what is busy. */

import type { Tally } from '../accounting/counters.ts';
import { IDLE_POLLING } from '../accounting/idle-polling.ts';
import type { Spending } from '../accounting/ledger.ts';
import { BACKGROUND_WORK } from '../accounting/unpriced.ts';
import { inSeconds, type Picoseconds, workIn } from '../units.ts';
import type { Measured, Source } from './measured.ts';

/** Who is billed, short enough for a legend. */
export const payerOf = ({ payer, plane, side, cost }: Spending, vms: readonly string[]): string => {
  // KVM's, but no work: it would hide what exits cost.
  if (cost === 'halt.poll') return 'halt polling';
  if (IDLE_POLLING.has(cost)) return 'idle polling';
  const vm = vms.find((name) => payer.startsWith(`${name} vcpu`));
  if (vm !== undefined) return plane === 'own' ? 'guest' : plane;
  if (payer.startsWith('vhost ')) return 'vhost';
  if (payer.startsWith('qemu ')) return 'qemu main';
  if (/^(firecracker|cloud-hypervisor) /.test(payer)) return 'event loop';
  if (payer.startsWith('pmd ')) return 'pmd';
  if (payer.startsWith('spdk ')) return 'spdk';
  if (payer.startsWith('iothread')) return 'iothread';
  if (/^core\d+ (softirq|irq|ksoftirqd)$/.test(payer)) return 'host softirq';
  return side === 'guest' ? 'guest' : 'application';
};

const row = (metric: string, component: string, unit: string, value: number): Measured => ({
  ...{ vm: '', workload: '', metric, component, statistic: 'mean', unit, value },
});

/** Cycles by payer, wake-ups, frames, and how busy each core, thread and shared device was. */
export const ofMachine = (source: Source, window: Picoseconds): Measured[] => {
  const requests = source.trial.workloads.reduce((sum, { record }) => sum + record.latency.count, 0);
  return [
    ...(requests > 0 ? perRequest(source, requests) : []),
    ...source.counts
      .filter(({ counter: { metric } }) => metric === 'migrations')
      .map(({ counter, value }) => row('migrations', counter.component, '1/s', value / inSeconds(window))),
    ...coresBusy(source, window),
    ...source.stations.map(({ name, share }) => row('utilisation', name, '1', share)),
    ...bottleneck(source),
    ...source.trial.world.books.counters
      .allTallies()
      .filter(({ vm, count }) => vm === '' && count > 0)
      .flatMap((tally) => [
        row(tally.metric, tally.component, unitOf(tally), tally.sum / tally.count),
        { ...row(tally.metric, tally.component, unitOf(tally), tally.max), statistic: 'max' },
      ]),
  ];
};

/** Of what a queue holds: tags and disks hold I/Os. */
export const unitOf = ({ component }: Tally): string =>
  /\b(tags|disk)$/.test(component) ? 'I/Os' : 'packets';

/** Share of its time that a resource must be busy to be called the bottleneck. */
const FULL = 0.95;

const bottleneck = ({ busiest: { station, busy } }: Source): Measured[] =>
  busy < FULL ? [] : [row('bottleneck', station, '1', busy)];

/** Counted per request of all VMs: what the host's own function of the NIC asks the IOMMU. */
const OF_HOST_NIC = new Set(['iotlb.hits', 'iotlb.misses', 'atc.hits']);

const perRequest = (source: Source, requests: number): Measured[] => {
  const { counts, stalls } = source;
  const wakeups = counts.filter(({ counter }) => counter.metric === 'wakeups');
  const translations = counts.filter(({ counter: { metric, vm } }) => OF_HOST_NIC.has(metric) && vm === '');
  const frames = ['tx', 'rx'].map((direction) => {
    const sent = counts.filter(
      ({ counter: { metric, component } }) => metric === 'frames' && component === direction,
    );
    return row('frames', direction, '1/request', sent.reduce((sum, { value }) => sum + value, 0) / requests);
  });
  return [
    ...cycles(source, requests),
    ...wakeups.map(({ counter, value }) => row('wakeups', counter.component, '1/request', value / requests)),
    ...frames,
    ...translations.map(({ counter: { metric, component }, value }) =>
      row(metric, component, '1/request', value / requests),
    ),
    row('stalls', '', '1/request', stalls / requests),
  ];
};

const cycles = ({ trial, spending, point }: Source, requests: number): Measured[] => {
  const byPayer = new Map<string, number>();
  let total = 0;
  for (const line of spending) {
    if (line.cost === BACKGROUND_WORK) continue;
    const payer = payerOf(line, trial.vms);
    byPayer.set(payer, (byPayer.get(payer) ?? 0) + line.busy);
    total += line.busy;
  }
  const each = (busy: number): number => workIn(busy as Picoseconds, point.machine.clock) / requests;
  return [...byPayer, ['', total] as const].map(([payer, busy]) =>
    row('cycles', payer, 'cycles/request', each(busy)),
  );
};

/** A vCPU is one thread, whatever runs on it and on whatever core. */
export const threadOf = (payer: string): string => /^.+ vcpu\d+(?= )/.exec(payer)?.[0] ?? payer;

const coresBusy = ({ trial, spending }: Source, window: number): Measured[] => {
  const busy = new Map(trial.world.cores.map(({ name }) => [name, 0]));
  const threads = new Map<string, number>();
  let all = 0;
  for (const line of spending) {
    const thread = threadOf(line.payer);
    busy.set(line.core, (busy.get(line.core) ?? 0) + line.busy);
    threads.set(thread, (threads.get(thread) ?? 0) + line.busy);
    all += line.busy;
  }
  const shares = [...busy, ...threads, ['', all] as const];
  return shares.map(([component, time]) => row('cpu', component, 'cores', time / window));
};
