/** Progress of long work on standard error: a bar on a terminal, a line now and then elsewhere; ^C between trials. */
import cliProgress from 'cli-progress';

export interface Watch {
  /** Trials to come; may grow while precision is not reached. */
  expect(trials: number): void;
  trialDone(what: string): void;
  interrupted(): boolean;
  /** Lets a pending ^C through. */
  breathe(): Promise<void>;
  stop(): void;
}

/** Milliseconds between two lines where there is no terminal. */
const LINE_EVERY = 10_000;

export const watch = (quiet: boolean): Watch => {
  const terminal = process.stderr.isTTY === true && !quiet;
  const bar = terminal
    ? new cliProgress.SingleBar({
        format: '  {bar} {value}/{total} trials  {what}',
        stream: process.stderr,
        clearOnComplete: true,
        hideCursor: true,
        barsize: 30,
      })
    : null;
  let stopped = false;
  let total = 0;
  let done = 0;
  let lastLine = performance.now();
  const onSignal = (): void => {
    // A second ^C before the next trial begins ends the command at once, without writing what there is.
    if (stopped) process.exit(130);
    stopped = true;
  };
  process.on('SIGINT', onSignal);
  bar?.start(1, 0, { what: '' });
  return {
    expect: (trials) => {
      total += trials;
      bar?.setTotal(total);
    },
    trialDone: (what) => {
      done++;
      if (done > total) total = done;
      bar?.setTotal(total);
      bar?.update(done, { what });
      if (terminal || quiet || performance.now() - lastLine < LINE_EVERY) return;
      lastLine = performance.now();
      process.stderr.write(`  ${done} of ${total} trials done, now ${what}\n`);
    },
    interrupted: () => stopped,
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    stop: () => {
      bar?.stop();
      process.off('SIGINT', onSignal);
    },
  };
};
