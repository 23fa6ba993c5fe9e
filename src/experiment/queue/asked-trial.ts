/** A trial that was asked for, and somebody waits for its answer. */
import type { TrialAnswer, TrialTask } from '../trial-task.ts';

export class AskedTrial {
  readonly task: TrialTask;
  readonly answer: Promise<TrialAnswer>;
  resolve!: (answer: TrialAnswer) => void;
  reject!: (error: Error) => void;
  /** How often it was put into the queue. */
  tries = 0;
  /** All that was begun for it, one after the other, is done. */
  settled: Promise<void> = Promise.resolve();
  /** It was waiting at an earlier look. */
  seen = false;

  constructor(task: TrialTask) {
    this.task = task;
    this.answer = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}
