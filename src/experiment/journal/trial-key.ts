/** What the outcome of a trial depends on, and nothing else: two tasks with the same key have the same answer. */
import { createHash } from 'node:crypto';
import type { ScenarioPoint } from '../../scenario/load.ts';
import type { TrialTask } from '../trial-task.ts';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A point has many trials. */
const digests = new WeakMap<ScenarioPoint, string>();

/** Of what is simulated at a point. How many replications there are, and what is made of them, does not change one. */
export const pointDigest = (point: ScenarioPoint): string => {
  const known = digests.get(point);
  if (known !== undefined) return known;
  const { host, costs, vms, workloads, background, parameters, run } = point.scenario;
  const { measure, warmUp, seed, maxEvents } = run;
  const scenario = { host, costs, vms, workloads, background, parameters, measure, warmUp, seed, maxEvents };
  const found = digest(JSON.stringify([scenario, point.copies, point.profile]));
  digests.set(point, found);
  return found;
};

/** @param code of the model: another one may answer otherwise. @returns 64 hexadecimal digits. */
export const trialKey = (task: TrialTask, code: string): string => {
  const which = task.kind === 'pilot' ? ['pilot'] : ['trial', task.replication, task.warmUp];
  return digest(JSON.stringify([code, pointDigest(task.point), task.datapath, ...which]));
};
