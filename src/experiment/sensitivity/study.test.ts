/** What a datapath does not charge changes nothing of it, so that trials are run once; machines differ in nothing but costs. */
import { describe, expect, test } from 'vitest';
import { SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { runTrial } from '../run-trial.ts';
import { runTask, type TrialTask } from '../trial-task.ts';
import { withFigures, withProfile } from '../what-if/levers.ts';
import { chargedIn, firstRunner } from './first-run.ts';
import { Study } from './study.ts';

const { load } = workspace();
const [point] = load(SHORT).points;
const first = point.scenario.datapaths.map((datapath) => {
  const runner = firstRunner(point, datapath);
  runner.take(runTask(runner.next() as TrialTask));
  return runner.result();
});
const study = new Study(first, { machines: 8, trajectories: 3, seed: 1 });
const chargedBy = (datapath: string): ReadonlySet<string> =>
  chargedIn(first.find((result) => result.datapath === datapath) as (typeof first)[number]);

describe('a study', () => {
  test('runs a datapath on every machine, and along a trajectory once more than it charges uncertain costs', () => {
    for (const { datapath } of first) {
      const own = study.uncertain.filter(({ cost }) => chargedBy(datapath).has(cost)).length;
      const trials = study.variants.filter((variant) => variant.datapath === datapath).length;
      // Machines lie on no grid; trajectories hardly ever meet.
      expect(trials).toBe(8 + 3 * (own + 1));
    }
  });

  test('sets each cost inside its range, and nothing else', () => {
    for (const variant of study.variants) {
      const { point: varied } = study.task(variant);
      for (const [cost, entry] of Object.entries(point.profile.costs)) {
        const own = study.uncertain.find((each) => each.cost === cost);
        if (own === undefined || !chargedBy(variant.datapath).has(cost)) {
          expect(varied.profile.costs[cost]).toBe(entry);
          continue;
        }
        const figure = varied.profile.costs[cost][own.unit] as number;
        expect(figure).toBeGreaterThanOrEqual(own.low * (1 - 1e-12));
        expect(figure).toBeLessThanOrEqual(own.high * (1 + 1e-12));
      }
      const { profile: _, machine: __, scenario: ___, ...rest } = varied;
      expect(rest).toEqual({ labels: point.labels, copies: point.copies });
    }
  });

  test('may leave out what a datapath does not charge: its trial is the same', () => {
    for (const { datapath, warmUp } of first) {
      const others = study.uncertain.filter(({ cost }) => !chargedBy(datapath).has(cost));
      if (datapath === 'native') expect(others.length).toBeGreaterThan(5);
      const dear = new Map(others.map(({ cost, high }) => [cost, high]));
      const run = { datapath, seed: 1, replication: 1 };
      const varied = withProfile(point, withFigures(point.profile, dear));
      expect(runTrial(varied, run, warmUp.length).measured).toEqual(
        runTrial(point, run, warmUp.length).measured,
      );
    }
  });
});
