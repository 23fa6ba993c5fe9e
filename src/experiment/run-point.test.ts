/** A point runs its replications: as many as asked, each by itself, after a warm-up that is written down. */
import { describe, expect, test } from 'vitest';
import type { ScenarioPoint } from '../scenario/load.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { ms, us } from '../units.ts';
import { runPoint } from './run-point.test-support.ts';
import { runTrial } from './run-trial.ts';
import { foundWarmUp, givenWarmUp } from './warm-up.ts';

const { load } = workspace();
const pointOf = (run: string, more = ''): ScenarioPoint =>
  load(changed(SHORT, 'measure: 2 ms, warmUp: 200 us, replications: 2', run) + more).points[0];

const RAMP = `title: Disk
question: Does it ramp?
machine: profiles/server-3ghz.yaml
host: { disk: { class: nvme-tlc } }
vms: { db: {} }
workloads:
  reads: { vm: db, kind: fio, rw: randread, ramp_time: 3 ms, runtime: 1 ms }
datapaths: [native]
run: { measure: 2 ms, warmUp: 200 us, replications: 2 }
`;

describe('the warm-up', () => {
  test('is at least the ramp_time of each fio job, and its runtime begins behind it', () => {
    const [point] = load(RAMP).points;
    expect(givenWarmUp(point)?.length).toBe(ms(3));
    const found = load(changed(RAMP, 'warmUp: 200 us', 'warmUp: auto')).points[0];
    expect(foundWarmUp(found, 'native').length).toBe(ms(3));
    const { outcomes } = runTrial(point, { datapath: 'native', seed: 1, replication: 1 }, ms(3));
    // At about 80 us each, in the half of the window that is its runtime.
    const completed = outcomes.get('reads')?.samples ?? 0;
    expect(completed).toBeGreaterThan(8);
    expect(completed).toBeLessThan(16);
  });

  test('is what the scenario says', () => {
    const point = pointOf('measure: 2 ms, warmUp: 300 us, replications: 2');
    expect(givenWarmUp(point)).toEqual({ length: us(300), how: 'given', tooLate: [] });
    const none = pointOf('measure: 2 ms, warmUp: 0 us, replications: 2');
    expect(givenWarmUp(none)?.length).toBe(0);
    expect(runPoint(none, 'native').trials).toHaveLength(2);
  });

  test.each(['native', 'vhost-net'])(
    'is found on a pilot of %s: at least a tenth of the window, at most half of it',
    (kind) => {
      const point = pointOf('measure: 20 ms, warmUp: auto, replications: 2');
      expect(givenWarmUp(point)).toBe(null);
      const { length, how } = foundWarmUp(point, kind);
      expect(how).toBe('mser-5');
      expect(length).toBeGreaterThanOrEqual(ms(2));
      expect(length).toBeLessThanOrEqual(ms(10));
      expect(Number.isInteger(length)).toBe(true);
      expect(foundWarmUp(point, kind)).toEqual(foundWarmUp(point, kind));
    },
  );

  test('has no end in time where the load outruns the machine', () => {
    // A request takes 100 us of the processor and one comes every 50 us: latency grows all along, and of a straight
    // line MSER-5 keeps no more than it must, since Σ(y - mean)² / m² over the last m batches grows with m.
    const point = pointOf(
      'measure: 20 ms, warmUp: auto, replications: 2',
      'costs: { syscall: { ns: 100000 } }\n',
    );
    const result = runPoint(point, 'native');
    expect(result.warmUp.tooLate).toContain('bulk');
    expect(result.verdicts.get('bulk')?.verdict).not.toBe('steady');
  });

  test('of one workload does not depend on another one that outruns its own processor', () => {
    let text = changed(SHORT, 'vms:\n', 'vms:\n  calm: { pin: { vcpus: [2], backend: 3 } }\n');
    text = changed(text, 'rpc: { vm: web', 'rpc: { vm: calm');
    text = changed(text, 'rate: 20 k/s', 'rate: 2 M/s');
    text = changed(text, 'measure: 2 ms, warmUp: 200 us', 'measure: 20 ms, warmUp: auto');
    const result = runPoint(load(text).points[0], 'native');
    expect(result.warmUp.tooLate).not.toContain('rpc');
    expect(result.verdicts.get('rpc')).toEqual({ verdict: 'steady', reasons: [] });
    expect(result.verdicts.get('bulk')?.verdict).toBe('saturated');
  });

  test('is the same for all replications of a point', () => {
    const result = runPoint(pointOf('measure: 4 ms, warmUp: auto, replications: 3'), 'native');
    const { length } = result.warmUp;
    const run = { datapath: 'native', seed: 1 };
    result.trials.forEach((trial, i) => {
      expect(runTrial(result.point, { ...run, replication: i + 1 }, length)).toEqual(trial);
    });
  });
});

describe('replications', () => {
  test('are as many as asked', () => {
    expect(runPoint(pointOf('measure: 1 ms, warmUp: 0 us, replications: 4'), 'native').trials).toHaveLength(
      4,
    );
  });

  test('differ from each other, and each is the same whoever ran before it', () => {
    const result = runPoint(pointOf('measure: 1 ms, warmUp: 100 us, replications: 3'), 'vhost-net');
    const [a, b, c] = result.trials;
    expect(a.measured).not.toEqual(b.measured);
    const alone = runTrial(result.point, { datapath: 'vhost-net', seed: 1, replication: 3 }, us(100));
    expect(alone).toEqual(c);
  });

  test('are the first ones of a longer series', () => {
    const short = runPoint(pointOf('measure: 1 ms, warmUp: 100 us, replications: 2'), 'native');
    const long = runPoint(pointOf('measure: 1 ms, warmUp: 100 us, replications: 4'), 'native');
    expect(long.trials.slice(0, 2)).toEqual(short.trials);
  });
});

describe('a precision', () => {
  test('that is reached at once takes the least number', () => {
    const point = pointOf(
      'measure: 2 ms, warmUp: 100 us, replications: 3, precision: 100 %, maxReplications: 9',
    );
    const result = runPoint(point, 'native');
    expect(result.trials).toHaveLength(3);
    expect(result.gaveUp).toBe(false);
  });

  test('that is not reached ends at the greatest number, and says so', () => {
    const point = pointOf(
      'measure: 1 ms, warmUp: 0 us, replications: 2, precision: 0.001 %, maxReplications: 6',
    );
    const result = runPoint(point, 'native');
    expect(result.trials).toHaveLength(6);
    expect(result.gaveUp).toBe(true);
  });

  // A window holds about 12 arrivals, and a median needs 10 of them.
  test('of a figure that hardly a trial has ends at the greatest number too', () => {
    const rare = changed(SHORT, 'rate: 20 k/s', 'rate: 6 k/s');
    const text = changed(
      rare,
      'warmUp: 200 us, replications: 2',
      'warmUp: 0 us, replications: 2, precision: 1 %, maxReplications: 8',
    );
    const result = runPoint(load(text).points[0], 'native');
    expect(result.trials).toHaveLength(8);
    expect(result.gaveUp).toBe(true);
  });

  test('is given up where the events of the point would go beyond their budget', () => {
    const run = 'measure: 1 ms, warmUp: 0 us, replications: 2, precision: 0.001 %, maxReplications: 40';
    const [first, second] = runPoint(
      pointOf('measure: 1 ms, warmUp: 0 us, replications: 2'),
      'native',
    ).trials;
    const affords = (trials: number): number => Math.floor(((first.events + second.events) / 2) * trials);
    const result = runPoint(pointOf(`${run}, maxPointEvents: ${affords(3.5)}`), 'native');
    expect(result.trials).toHaveLength(3);
    expect(result.gaveUp).toBe(true);
    // The least number is run in any case.
    expect(runPoint(pointOf(`${run}, maxPointEvents: 1`), 'native').trials).toHaveLength(2);
  });

  test('is not asked of percentiles that a saturated point does not have', () => {
    const alone = SHORT.replace(/ {2}rpc: .*\n/, '');
    // Above what the core can do: each replication's queue ends at another length.
    const flood = changed(alone, 'rate: 20 k/s', 'rate: 600 k/s');
    const text = changed(
      flood,
      'measure: 2 ms, warmUp: 200 us, replications: 2',
      'measure: 20 ms, warmUp: 200 us, replications: 5, precision: 2 %, maxReplications: 20',
    );
    const result = runPoint(load(text).points[0], 'native');
    expect([...result.verdicts.values()].map(({ verdict }) => verdict)).toEqual(['saturated']);
    expect(result.gaveUp).toBe(false);
  });

  test('runs the same trials as a number would', () => {
    const precise = runPoint(
      pointOf('measure: 1 ms, warmUp: 0 us, replications: 2, precision: 0.001 %, maxReplications: 4'),
      'native',
    );
    const counted = runPoint(pointOf('measure: 1 ms, warmUp: 0 us, replications: 4'), 'native');
    expect(precise.trials).toEqual(counted.trials);
  });

  test('of nothing at all is refused', () => {
    expect(() => pointOf('measure: 1 ms, replications: 2, precision: 0 %')).toThrow(/precision/);
  });
});
