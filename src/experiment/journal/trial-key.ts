/** What the outcome of a trial depends on, and nothing else: two tasks with the same key have the same answer. */
import { createHash } from 'node:crypto';
import type { TrialTask } from '../trial-task.ts';

/** @param code of the model: another one may answer otherwise. @returns 64 hexadecimal digits. */
export const trialKey = (task: TrialTask, code: string): string => {
  const { point, datapath } = task;
  const { host, costs, vms, workloads, background, parameters, run } = point.scenario;
  // How many replications there are, and what is made of them, does not change one.
  const { measure, warmUp, seed, maxEvents } = run;
  const which = task.kind === 'pilot' ? ['pilot'] : ['trial', task.replication, task.warmUp];
  const scenario = { host, costs, vms, workloads, background, parameters, measure, warmUp, seed, maxEvents };
  const content = [code, ...which, datapath, scenario, point.profile];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
};
