/** What a worker thread of the pool does: one trial at a time. */
import { runTask, type TrialAnswer, type TrialTask } from '../trial-task.ts';
import { type PackedError, packed } from './packed-error.ts';

export type WorkerAnswer = { readonly answer: TrialAnswer } | { readonly thrown: PackedError };

/** Errors go back as an answer: between threads a thrown one would lose its class, and with it whose fault it is. */
export default (task: TrialTask): WorkerAnswer => {
  try {
    return { answer: runTask(task) };
  } catch (error) {
    return { thrown: packed(error) };
  }
};
