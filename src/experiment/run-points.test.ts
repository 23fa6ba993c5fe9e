/** Whoever does the trials, however many at a time, and in whatever order they end: the outcome is the same. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ScenarioPoint } from '../scenario/load.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { runPoint } from './run-point.test-support.ts';
import { type PointResult, PointRunner } from './run-point.ts';
import { type Execute, runPoints } from './run-points.ts';
import { replicationOf, runTask, type TrialAnswer, type TrialTask } from './trial-task.ts';

const { load } = workspace();
// The pilot of one case, the precision of another: both must come back before it is known what is next.
const { points } = load(
  `${changed(SHORT, 'measure: 2 ms, warmUp: 200 us', 'measure: 1 ms, warmUp: 100 us')}cases:
  pilot: { run.warmUp: auto }
  precise: { run.precision: 1 %, run.maxReplications: 7 }
  plain: { run.replications: 3 }
`,
);
const pairs = points.flatMap((point) => point.scenario.datapaths.map((datapath) => ({ point, datapath })));
const alone: PointResult[] = pairs.map(({ point, datapath }) => runPoint(point, datapath));

test('the precision that is asked for takes more replications than the least', () => {
  const counts = alone.map(({ trials }) => trials.length);
  expect(counts.slice(0, 2)).toEqual([2, 2]);
  expect(Math.min(...counts.slice(2, 4))).toBeGreaterThan(2);
  expect(counts.slice(4)).toEqual([3, 3]);
});

const known = new Map<string, TrialAnswer>();
const keyOf = (task: TrialTask): string =>
  `${points.indexOf(task.point)} ${task.datapath} ${replicationOf(task)}`;
/** Every trial is the same whenever it runs, so running it once is enough here. */
const remembered = (task: TrialTask): TrialAnswer => {
  const answer = known.get(keyOf(task)) ?? runTask(task);
  known.set(keyOf(task), answer);
  return answer;
};

const runnersOf = (of: readonly { point: ScenarioPoint; datapath: string }[]): PointRunner[] =>
  of.map(({ point, datapath }) => new PointRunner(point, datapath));

/** Ends the tasks under way in the order that `picks` says; `most` is how many there were at a time. */
const shuffled = (picks: readonly number[], work: (task: TrialTask) => TrialAnswer) => {
  const waiting: (() => void)[] = [];
  const seen = { most: 0 };
  let turn = 0;
  const execute: Execute = (task) =>
    new Promise((resolve, reject) => {
      waiting.push(() => {
        try {
          resolve(work(task));
        } catch (error) {
          reject(error);
        }
      });
      seen.most = Math.max(seen.most, waiting.length);
      setImmediate(() => waiting.splice(picks[turn++ % picks.length] % waiting.length, 1)[0]());
    });
  return { execute, seen };
};

const never = new AbortController().signal;
const jobsAndOrder = [
  fc.integer({ min: 1, max: 6 }),
  fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 40 }),
] as const;

describe('trials', () => {
  test('in any order, several at a time, give what one after the other gives', async () => {
    await fc.assert(
      fc.asyncProperty(...jobsAndOrder, async (jobs, picks) => {
        const runners = runnersOf(pairs);
        const { execute, seen } = shuffled(picks, remembered);
        const done: string[] = [];
        const onDone = (task: TrialTask): number => done.push(keyOf(task));
        expect(await runPoints(runners, execute, { jobs, signal: never, onDone })).toEqual([]);
        expect(runners.map((runner) => runner.result())).toEqual(alone);
        expect(seen.most).toBe(jobs);
        // Each once, none in vain.
        expect(new Set(done).size).toBe(done.length);
        const trials = alone.reduce((sum, result) => sum + result.trials.length, 0);
        expect(done.length).toBe(trials + 2);
      }),
      { numRuns: 40 },
    );
  });

  test('that fail give up their point and no other; of several the first in order is answered', async () => {
    const failing = new Set(['1 native 2', '1 native 5', '1 vhost-net 1', '2 native 1']);
    const work = (task: TrialTask): TrialAnswer => {
      if (failing.has(keyOf(task))) throw new Error(keyOf(task));
      return remembered(task);
    };
    await fc.assert(
      fc.asyncProperty(...jobsAndOrder, async (jobs, picks) => {
        const runners = runnersOf(pairs);
        const { execute } = shuffled(picks, work);
        const failures = await runPoints(runners, execute, { jobs, signal: never, onDone: () => {} });
        expect(failures.map(({ index, task }) => `${index}: ${keyOf(task)}`)).toEqual([
          '2: 1 native 2',
          '3: 1 vhost-net 1',
          '4: 2 native 1',
        ]);
        expect(failures.map(({ error }) => (error as Error).message)).toEqual([
          '1 native 2',
          '1 vhost-net 1',
          '2 native 1',
        ]);
        for (const index of [0, 1, 5]) expect(runners[index].result()).toEqual(alone[index]);
      }),
      { numRuns: 40 },
    );
  });

  test('that fail in the pilot are number 0', async () => {
    const execute: Execute = (task) =>
      task.kind === 'pilot' ? Promise.reject(new Error('pilot')) : Promise.resolve(remembered(task));
    const failures = await runPoints(runnersOf(pairs), execute, { jobs: 3, signal: never, onDone: () => {} });
    expect(failures.map(({ index, task }) => [index, replicationOf(task)])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  test('that are stopped are not waited for; what is back without a gap is kept', async () => {
    const stop = new AbortController();
    const runners = runnersOf(pairs.slice(4));
    const execute: Execute = (task) =>
      replicationOf(task) === 2 ? new Promise(() => {}) : Promise.resolve(remembered(task));
    setTimeout(() => stop.abort(), 50);
    const options = { jobs: 4, signal: stop.signal, onDone: () => {} };
    expect(await runPoints(runners, execute, options)).toEqual([]);
    expect(runners.map(({ done, finished }) => ({ done, finished }))).toEqual([
      { done: false, finished: 1 },
      { done: false, finished: 1 },
    ]);
    expect(runners[0].result().trials).toEqual(alone[4].trials.slice(0, 1));
  });
});
