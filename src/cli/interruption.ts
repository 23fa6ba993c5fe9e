/** ^C, or a batch system's SIGTERM: the first one asks to stop and keep what is finished; the second one ends the command at once. */
import { setMaxListeners } from 'node:events';
import { INTERRUPTED } from './exit-status.ts';

/** npm and npx pass on the ^C that the terminal has sent to us as well: so soon after the first it is the same one, ms. */
const ECHO = 300;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export class Interruption {
  private readonly controller = new AbortController();
  private readonly tidyings = new Set<() => void>();
  private askedAt = 0;
  private first: NodeJS.Signals | null = null;

  constructor() {
    // Each search that is under way listens.
    setMaxListeners(0, this.controller.signal);
    for (const name of SIGNALS) process.on(name, this.onSignal);
  }

  private readonly onSignal = (name: NodeJS.Signals): void => {
    if (!this.asked) {
      this.first = name;
      this.askedAt = performance.now();
      this.controller.abort();
      return;
    }
    if (performance.now() - this.askedAt < ECHO) return;
    for (const tidy of this.tidyings) tidy();
    process.exit(INTERRUPTED);
  };

  /** Aborted by the first ^C. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Which signal the first one was; null before it. */
  get by(): NodeJS.Signals | null {
    return this.first;
  }

  get asked(): boolean {
    return this.controller.signal.aborted;
  }

  /** `tidy` runs before a second ^C ends the process. @returns what takes that back. */
  onEnd(tidy: () => void): () => void {
    this.tidyings.add(tidy);
    return () => this.tidyings.delete(tidy);
  }

  /** Gives ^C back to Node. */
  release(): void {
    for (const name of SIGNALS) process.off(name, this.onSignal);
  }
}
