/** Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere. */
import cliProgress from 'cli-progress';
import { Pace } from './pace.ts';

export interface Progress {
  trialDone(what: string): void;
  stop(): void;
}

/** Milliseconds between two lines where there is no terminal. */
const LINE_EVERY = 10_000;

/** @param expected trials to come; there may be more while a precision is not reached. */
export const showProgress = (quiet: boolean, expected: number): Progress => {
  const terminal = process.stderr.isTTY === true && !quiet;
  const bar = terminal
    ? new cliProgress.SingleBar({
        format: '  {bar} {value}/{total} trials  {pace}  {what}',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
        barsize: 30,
      })
    : null;
  let total = expected;
  let done = 0;
  let lastLine = performance.now();
  const pace = new Pace(performance.now());
  bar?.start(total, 0, { what: '', pace: '' });
  return {
    trialDone: (what) => {
      const now = performance.now();
      done++;
      if (done > total) total = done;
      pace.done(now);
      const left = pace.text(total - done);
      bar?.setTotal(total);
      bar?.update(done, { what, pace: left });
      if (terminal || quiet || now - lastLine < LINE_EVERY) return;
      lastLine = now;
      process.stderr.write(
        `  ${done} of ${total} trials done${left === '' ? '' : `, ${left}`}, now ${what}\n`,
      );
    },
    stop: () => bar?.stop(),
  };
};
