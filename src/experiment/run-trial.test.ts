/** One trial: its books close, the same seed repeats it, and nobody's arrivals depend on who else is there. */
import { describe, expect, test, vi } from 'vitest';
import { datapaths } from '../datapaths/index.ts';
import { BudgetError } from '../kernel/simulation.ts';
import { GuestMemory } from '../models/virtio/guest-memory.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { inSeconds, ms, type Picoseconds, us } from '../units.ts';
import { buildTrial } from './build-trial.ts';
import type { Measured } from './measured.ts';
import { closeBooks, runPilot, runTrial } from './run-trial.ts';

const { load } = workspace();
const KINDS = datapaths.map(({ kind }) => kind);
const ALL = changed(SHORT, '[native, vhost-net]', `[${KINDS.join(', ')}]`);
const WARM = us(200);

const pointOf = (text: string): ScenarioPoint => load(text).points[0];
const run = (datapath: string, over: { seed?: number; replication?: number } = {}) => ({
  datapath,
  seed: 1,
  replication: 1,
  ...over,
});

/** What happened to each request, noted beside the books. */
const watched = (point: ScenarioPoint, datapath: string, seed = 1) => {
  const trial = buildTrial(point, run(datapath, { seed }));
  const { timeline } = trial.world.books;
  const seen = new Map(
    timeline.workloads.map(({ name }) => [name, { intended: [] as number[], closed: 0, dropped: 0 }]),
  );
  const of = (name: string) => seen.get(name) as NonNullable<ReturnType<typeof seen.get>>;
  const { open, close, drop } = timeline;
  timeline.open = (workload, intended, now, size) => {
    of(workload.name).intended.push(intended);
    return open.call(timeline, workload, intended, now, size);
  };
  timeline.close = (request, now) => {
    of(timeline.workloadOf(request).name).closed++;
    close.call(timeline, request, now);
  };
  timeline.drop = (request, now, place) => {
    of(timeline.workloadOf(request).name).dropped++;
    drop.call(timeline, request, now, place);
  };
  return { trial, of };
};

const pick = (
  rows: readonly Measured[],
  metric: string,
  statistic: string,
  workload = '',
  component = '',
): number => {
  const [found, ...more] = rows.filter(
    (row) =>
      row.metric === metric &&
      row.statistic === statistic &&
      row.workload === workload &&
      row.component === component,
  );
  if (found === undefined || more.length > 0)
    throw new RangeError(`${more.length + 1} rows of ${metric}.${statistic}`);
  return found.value;
};

describe.each(KINDS)('a trial on %s', (kind) => {
  const point = pointOf(ALL);

  test('keeps every request: submitted, completed, dropped and in flight agree with what was seen', () => {
    const { trial, of } = watched(pointOf(changed(ALL, 'rate: 20 k/s', 'rate: 900 k/s')), kind);
    trial.world.sim.run(ms(3));
    closeBooks(trial);
    for (const { name, record } of trial.workloads) {
      const seen = of(name);
      expect(record.submitted).toBe(seen.intended.length);
      expect(record.completed).toBe(seen.closed);
      expect(record.dropped).toBe(seen.dropped);
      expect(record.inFlight).toBe(seen.intended.length - seen.closed - seen.dropped);
      expect([...record.drops.values()].reduce((sum, count) => sum + count, 0)).toBe(seen.dropped);
    }
    expect(of('bulk').closed).toBeGreaterThan(0);
  });

  test('spends no more than there is: each core is at most busy, and the cores add up', () => {
    const { measured } = runTrial(point, run(kind), WARM);
    const cores = measured.filter(({ metric, component }) => metric === 'cpu' && /^core\d+$/.test(component));
    expect(cores).toHaveLength(point.machine.cores);
    for (const { value } of cores) {
      expect(value).toBeGreaterThanOrEqual(0);
      expect(value).toBeLessThanOrEqual(1);
    }
    const sum = cores.reduce((all, { value }) => all + value, 0);
    expect(pick(measured, 'cpu', 'mean')).toBeCloseTo(sum, 12);
    expect(sum).toBeGreaterThan(0);
    // The same time again, by thread.
    const threads = measured.filter(
      ({ metric, component }) => metric === 'cpu' && !/^(core\d+)?$/.test(component),
    );
    expect(threads.reduce((all, { value }) => all + value, 0)).toBeCloseTo(sum, 12);
  });

  test('accounts for every nanosecond of a request: its stages add up to its latency', () => {
    const { measured, stages, completed } = runTrial(point, run(kind), WARM);
    for (const name of ['rpc', 'bulk']) {
      expect(completed.get(name)).toBeGreaterThan(10);
      const sum = stages.filter(({ workload }) => workload === name).reduce((all, { mean }) => all + mean, 0);
      expect(sum / 1000).toBeCloseTo(pick(measured, 'latency', 'mean', name), 6);
    }
  });

  test('counts what the window completed, and nothing else', () => {
    const { measured, completed, outcomes } = runTrial(point, run(kind), WARM);
    const window = inSeconds(point.scenario.run.measure);
    for (const name of ['rpc', 'bulk']) {
      const count = completed.get(name) as number;
      expect(pick(measured, 'latency', 'samples', name)).toBe(count);
      expect(pick(measured, 'throughput.requests', 'rate', name)).toBeCloseTo(count / window, 6);
      expect(pick(measured, 'throughput.bits', 'rate', name)).toBeCloseTo((count * 64 * 8) / window, 3);
      expect(outcomes.get(name)).toMatchObject({ samples: count, window: point.scenario.run.measure });
    }
    expect(outcomes.get('bulk')?.offered).toBe(20_000);
  });

  test('is repeated by its seed, and by no other', () => {
    const first = runTrial(point, run(kind), WARM);
    expect(runTrial(point, run(kind), WARM)).toEqual(first);
    expect(runTrial(point, run(kind, { seed: 2 }), WARM).measured).not.toEqual(first.measured);
    expect(runTrial(point, run(kind, { replication: 2 }), WARM).measured).not.toEqual(first.measured);
  });

  test('ends with its budget when the events run out, and says so', () => {
    const poor = pointOf(changed(ALL, 'replications: 2', 'replications: 2, maxEvents: 500'));
    expect(() => runTrial(poor, run(kind), WARM)).toThrow(BudgetError);
    expect(() => runTrial(poor, run(kind), WARM)).toThrow(/run\.maxEvents/);
    expect(() => runPilot(poor, run(kind))).toThrow(BudgetError);
  });
});

test('drops are those of the window, by place, and add up', () => {
  const flood = 'in: { vm: web, kind: open-loop, direction: receive, rate: 2 M/s, size: 64 B }';
  const point = pointOf(changed(ALL, 'workloads:\n', `workloads:\n  ${flood}\n`));
  const warm = ms(2);
  const trial = buildTrial(point, run('vhost-net'));
  const dropped = () => trial.workloads.find(({ name }) => name === 'in')?.record.dropped as number;
  trial.world.sim.run(warm);
  const before = dropped();
  trial.world.sim.run((warm + point.scenario.run.measure) as Picoseconds);
  expect(before).toBeGreaterThan(0);
  expect(dropped()).toBeGreaterThan(before);
  const { measured } = runTrial(point, run('vhost-net'), warm);
  const window = inSeconds(point.scenario.run.measure);
  expect(pick(measured, 'drops', 'rate', 'in') * window).toBeCloseTo(dropped() - before, 6);
  const places = measured.filter(
    (row) => row.metric === 'drops' && row.workload === 'in' && row.component !== '',
  );
  const sum = places.reduce((all, { value }) => all + value, 0);
  expect(sum * window).toBeCloseTo(dropped() - before, 6);
});

describe('a guest that breaks its ring in the warm-up', () => {
  /** From the 200th piece on the device finds each outside the guest's memory. */
  const broken = (kind: string) => {
    const { contains } = GuestMemory.prototype;
    let pieces = 0;
    const spy = vi.spyOn(GuestMemory.prototype, 'contains');
    spy.mockImplementation(function (this: GuestMemory, address, length) {
      return pieces++ < 200 && contains.call(this, address, length);
    });
    try {
      return runTrial(pointOf(ALL), run(kind), ms(10));
    } finally {
      spy.mockRestore();
    }
  };

  // vhost stalls queue by queue, as far as each is used after the first fault; QEMU's whole device breaks at it.
  test.each([
    ['vhost-net', 2, /^vhost [rt]x: address outside guest memory$/],
    ['virtio-net', 1, /^qemu virtio-net [rt]x: address outside guest memory$/],
  ])(
    'on %s does not end the trial, and its errors, at most %i, are told though the window saw none',
    (kind, most, name) => {
      const { measured, completed } = broken(kind);
      const errors = measured.filter(({ metric }) => metric === 'device.errors');
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.length).toBeLessThanOrEqual(most);
      for (const { component } of errors) expect(component).toMatch(name);
      expect(errors[0]).toMatchObject({ vm: 'web', statistic: 'count', unit: 'errors', value: 1 });
      expect([...completed.values()]).toEqual([0, 0]);
    },
  );

  test('is the only one with such a row', () => {
    const { measured } = runTrial(pointOf(ALL), run('vhost-net'), WARM);
    expect(measured.filter(({ metric }) => metric === 'device.errors')).toEqual([]);
  });
});

describe('arrivals', () => {
  const receive = 'in: { vm: web, kind: open-loop, direction: receive, rate: 30 k/s, size: 64 B }';
  const text = changed(ALL, 'workloads:\n', `workloads:\n  ${receive}\n`);
  const others = `
  early: { vm: web, kind: open-loop, direction: transmit, rate: 10 k/s, size: 200 B }
  spare: { vm: web, kind: open-loop, direction: receive, rate: 10 k/s, size: [{ size: 64 B, weight: 1 }] }`;

  /** Intended starts of `name`, as far as the trial came. */
  const starts = (from: string, kind: string, name: string, seed = 1): number[] => {
    const { trial, of } = watched(pointOf(from), kind, seed);
    trial.world.sim.run(ms(3));
    return of(name).intended;
  };
  /** A sender that lags behind has the same arrivals, but fewer of them. */
  const sameAsFarAs = (a: readonly number[], b: readonly number[]): void => {
    const length = Math.min(a.length, b.length);
    expect(length).toBeGreaterThan(20);
    expect(a.slice(0, length)).toEqual(b.slice(0, length));
  };

  test.each(['bulk', 'in'])('of %s are the same on every datapath', (name) => {
    const native = starts(text, 'native', name);
    for (const kind of KINDS) sameAsFarAs(starts(text, kind, name), native);
  });

  test.each(['bulk', 'in'])('of %s do not move when workloads are added before and after it', (name) => {
    const alone = starts(text, 'vhost-net', name);
    sameAsFarAs(starts(changed(text, '\n  in:', `${others}\n  in:`), 'vhost-net', name), alone);
    sameAsFarAs(starts(changed(text, '\ndatapaths', `${others}\ndatapaths`), 'vhost-net', name), alone);
  });

  test('do not move when a VM or background threads are added, or a price is another', () => {
    const alone = starts(text, 'vhost-net', 'bulk');
    const vm = changed(text, 'vms:\n', 'vms:\n  other: {}\n');
    const hogs = changed(text, 'vms:\n', 'background: { hog: { threads: 1, cores: [1] } }\nvms:\n');
    const price = changed(text, 'vms:\n', 'costs: { stack.tx: { ns: 900, cv: 0.5 } }\nvms:\n');
    for (const other of [vm, hogs, price]) sameAsFarAs(starts(other, 'vhost-net', 'bulk'), alone);
  });

  test('are others with another seed, and of workloads with other names', () => {
    const alone = starts(text, 'native', 'bulk');
    expect(starts(text, 'native', 'bulk', 2).slice(0, 20)).not.toEqual(alone.slice(0, 20));
    const named = changed(text, '  bulk:', '  bulky:');
    expect(starts(named, 'native', 'bulky').slice(0, 20)).not.toEqual(alone.slice(0, 20));
  });
});

describe('arithmetic on the textbook machine', () => {
  /** 1 GHz, everything free and immediate but one system call of 1,000 cycles. */
  const text = `title: Textbook
question: What does one packet cost?
machine: profiles/textbook.yaml
costs: { syscall: { cycles: 1000 } }
vms: { web: { pin: { vcpus: [0], backend: 1 } } }
workloads:
  bulk: { vm: web, kind: open-loop, direction: transmit, arrivals: periodic, rate: 100 k/s, size: 64 B }
datapaths: [native]
run: { measure: 2 ms, warmUp: 200 us, replications: 2 }
`;
  const { measured, completed } = runTrial(pointOf(text), run('native'), WARM);

  // One every 10 us: the window holds 200 of them, or one more or less where it cuts the period.
  test('the window holds as many requests as its length over their period', () => {
    expect(Math.abs((completed.get('bulk') as number) - 200)).toBeLessThanOrEqual(1);
  });

  test('utilisation is rate times cost', () => {
    // 100,000 a second of 1 us are 0.1 cores; one request in 200 may straddle the window.
    expect(Math.abs(pick(measured, 'cpu', 'mean', '', 'core0') - 0.1)).toBeLessThanOrEqual(0.1 / 200);
    expect(pick(measured, 'cpu', 'mean')).toBeCloseTo(pick(measured, 'cpu', 'mean', '', 'core0'), 12);
  });

  test('the wire is busy for rate times the time of a frame', () => {
    // 88 B at 1 Tbit/s are 704 ps, 100,000 times a second.
    const share = pick(measured, 'utilisation', 'mean', '', 'wire out');
    expect(Math.abs(share - 7.04e-5)).toBeLessThanOrEqual(7.04e-5 / 200);
  });

  test('a request takes its system call, the bus and the wire', () => {
    // 64 B at 1 Tbit/s on the bus are 512 ps; on the wire 64 + 24 B are 704 ps.
    const latency = (1_000_000 + 512 + 704) as Picoseconds;
    for (const statistic of ['mean', 'max']) {
      expect(pick(measured, 'latency', statistic, 'bulk')).toBeCloseTo(latency / 1000, 6);
    }
    expect(pick(measured, 'jitter.ipdv', 'mean', 'bulk')).toBe(0);
  });
});

describe('a VM with settings of its own', () => {
  const two = changed(
    changed(SHORT, 'vms:\n', 'vms:\n  other: { pin: { vcpus: [2], backend: 3 }, OWN }\n'),
    'datapaths:',
    '  beside: { vm: other, kind: open-loop, direction: transmit, arrivals: poisson, rate: 20 k/s, size: 64 B }\ndatapaths:',
  );
  const measured = (own: string) =>
    runTrial(pointOf(changed(two, 'OWN', own)), run('vhost-net'), WARM).measured;
  const of = (rows: readonly Measured[], vm: string, metric: string, component: string): number | undefined =>
    rows.find((row) => row.vm === vm && row.metric === metric && row.component === component)?.value;

  test('has the datapath it names, whatever the others are on', () => {
    const rows = measured('datapath: sriov');
    expect(of(rows, 'web', 'exits.device', '')).toBeGreaterThan(0.5);
    expect(of(rows, 'other', 'exits.device', '')).toBe(0);
  });

  test('has the tunables it names', () => {
    const taken = (own: string, vm: string) =>
      of(measured(own), vm, 'interrupts.taken', 'virtio-net tx') ?? 0;
    const own = 'net: { tunables: { napi_tx: false } }';
    // Orphaned packets need no completion interrupts.
    expect(taken(own, 'other')).toBe(0);
    expect(taken(own, 'web')).toBeGreaterThan(0);
    expect(taken('net: {}', 'other')).toBeGreaterThan(0);
  });
});
