/** The finished trials of a run that is not over: what an earlier one has done is not done again. */
import { TrialJournal } from '../experiment/journal/trial-journal.ts';
import type { Execute } from '../experiment/run-points.ts';
import type { TrialAnswer, TrialTask } from '../experiment/trial-task.ts';
import { codeVersion } from './code-version.ts';
import { INTERRUPTED } from './exit-status.ts';
import { say } from './failure.ts';
import { plural } from './headline.ts';

/** As much as this may be lost by a power cut, ms; a kill loses nothing. */
const SYNC_EVERY = 250;

export interface KeptTrials {
  /** Answers what is known, and keeps what is not. */
  through(execute: Execute): Execute;
  /** What is to be said of an earlier run; '' where nothing was taken over. */
  readonly taken: string;
  /** The results are whole. */
  remove(): void;
  /** The run has not come to its end. @returns what is to be said of it; '' where nothing is kept. */
  leave(): string;
}

export const NOTHING_KEPT: KeptTrials = {
  through: (execute) => execute,
  taken: '',
  remove: () => {},
  leave: () => '',
};

export class Journal implements KeptTrials {
  private readonly journal: TrialJournal;
  private readonly file: string;
  private broken = false;
  private syncedAt = Number.NEGATIVE_INFINITY;
  private done = 0;

  /** @throws an Error with a code where `file` cannot be read */
  constructor(file: string) {
    this.file = file;
    this.journal = new TrialJournal(this.file, codeVersion());
  }

  through(execute: Execute): Execute {
    return async (task) => {
      const known = this.journal.find(task);
      if (known !== null) return known;
      const answer = await execute(task);
      try {
        if (!this.broken) this.append(task, answer);
        this.done++;
      } catch (error) {
        this.broken = true;
        const { code } = error as NodeJS.ErrnoException;
        say(
          `vmio: finished trials cannot be kept in ${this.file} (${code}); a later run would do them again`,
        );
      }
      return answer;
    };
  }

  get taken(): string {
    const { taken } = this.journal;
    return taken === 0 ? '' : `goes on from a run that was stopped, with ${plural(taken, 'trial')} finished`;
  }

  private append(task: TrialTask, answer: TrialAnswer): void {
    this.journal.append(task, answer);
    const now = performance.now();
    if (now - this.syncedAt < SYNC_EVERY) return;
    this.journal.sync();
    this.syncedAt = now;
  }

  remove(): void {
    this.journal.remove();
  }

  leave(): string {
    this.journal.close();
    const kept = this.broken ? 0 : this.done + this.journal.taken;
    return kept === 0 ? '' : `the same command goes on from what is kept in ${this.file}`;
  }
}

/** ^C in the middle of a question: what is finished is kept for another try. @returns the exit status */
export const interruptedBeforeAnswer = (kept: KeptTrials): number => {
  const remark = kept.leave();
  say(remark === '' ? 'interrupted' : `interrupted: ${remark}`);
  return INTERRUPTED;
};
