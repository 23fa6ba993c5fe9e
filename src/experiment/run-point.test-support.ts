/** A point run here and now, one trial after the other. */
import type { ScenarioPoint } from '../scenario/load.ts';
import { type PointResult, PointRunner } from './run-point.ts';
import { runTask } from './trial-task.ts';

export const runPoint = (point: ScenarioPoint, datapath: string): PointResult => {
  const runner = new PointRunner(point, datapath);
  for (let task = runner.next(); task !== null; task = runner.next()) runner.take(runTask(task));
  return runner.result();
};
