/** Threads do the same trials as this one, tell the same errors, and can be stopped in the middle. */
import { afterAll, describe, expect, test } from 'vitest';
import { BudgetError } from '../../kernel/simulation-error.ts';
import { SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { ms, seconds, us } from '../../units.ts';
import { runTask, type TrialTask } from '../trial-task.ts';
import { openPool } from './trial-pool.ts';

const { load } = workspace();
const taskOf = (options: string[], warmUp = us(100)): TrialTask => ({
  kind: 'trial',
  point: load(SHORT, { set: options }).points[0],
  datapath: 'vhost-net',
  replication: 3,
  warmUp,
});

// The threads load the sources as they are, which needs a Node that strips types; older ones test the build through `vmio run`.
describe.runIf(process.features.typescript)('a pool', () => {
  const pool = openPool(2);
  afterAll(() => pool.close());

  test('gives what a trial gives here', async () => {
    const task = taskOf([]);
    expect(await pool.execute(task)).toEqual(runTask(task));
    const pilot: TrialTask = { kind: 'pilot', point: task.point, datapath: 'native' };
    expect(await pool.execute(pilot)).toEqual(runTask(pilot));
  });

  test('throws what a trial throws here', async () => {
    const task = taskOf(['run.maxEvents=100']);
    const error = await pool.execute(task).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BudgetError);
    expect(() => runTask(task)).toThrow((error as BudgetError).message);
  });

  test('gives up a trial in the middle, and goes on with others', async () => {
    const endless = pool.execute(taskOf(['run.measure=1000 s'], seconds(1)));
    await new Promise((resolve) => setTimeout(resolve, 300));
    pool.abandon();
    await expect(endless).rejects.toThrow();
    const task = taskOf(['run.measure=1 ms'], ms(0));
    expect(await pool.execute(task)).toEqual(runTask(task));
  });
});
