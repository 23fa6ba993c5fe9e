/**
 * The softirqs of one processor (kernel/softirq.c, Linux 6.1). What is raised runs in passes after a hard interrupt;
 * what is raised anew during a pass belongs to the next one. When passes go on for too long, or keep a thread waiting
 * that should run, the rest is left to a thread of ordinary priority, ksoftirqd, and shares the processor with others.
 */
import { ms } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from './context.ts';
import { Fifo } from './fifo.ts';

/** Passes before the rest is left to ksoftirqd (MAX_SOFTIRQ_RESTART). */
const RESTARTS = 10;
/** No further pass is begun after this time (MAX_SOFTIRQ_TIME). Simplification: Linux counts it in jiffies. */
const TIME = ms(2);

/** What softirqs ask of the processor they run on. */
export interface SoftirqHost {
  readonly now: number;
  /** A thread waits that should run instead of the one at hand. */
  readonly needResched: boolean;
}

export class Softirqs {
  /** The one in progress. */
  current: Context | null = null;
  private readonly pending = new Fifo<Context>();
  /** Of the pending ones, how many the pass under way will still run. */
  private pass = 0;
  /** Passes have begun and not all that is pending has been run. */
  private running = false;
  private restarts = 0;
  private until = 0;
  /** ksoftirqd is awake: nobody else runs softirqs. */
  private deferred = false;
  private readonly host: SoftirqHost;
  private ksoftirqd!: Context;

  constructor(host: SoftirqHost) {
    this.host = host;
  }

  /** Raises `context`; where it is the one in progress, it has just slept and goes to the end of the queue. */
  raise(context: Context): void {
    if (this.current === context) this.current = null;
    this.pending.push(context);
  }

  /** Something waits that may be run now, the mode of what it would interrupt permitting. */
  get ready(): boolean {
    return this.pending.length > 0 && (!this.deferred || this.pass > 0);
  }

  /** The current softirq is over. @returns the next one of the run, or null where the threads' turn has come. */
  next(): Context | null {
    this.current = null;
    if (this.pass > 0) return this.take();
    if (!this.running) return null;
    if (this.pending.length > 0 && this.maySpend()) {
      this.pass = this.pending.length;
      return this.take();
    }
    this.running = false;
    if (this.pending.length > 0) this.defer();
    return null;
  }

  /** The first pass of a run: nothing of it is in progress, and something is `ready`. */
  begin(): Context {
    if (!this.deferred) {
      this.running = true;
      this.restarts = RESTARTS;
      this.until = this.host.now + TIME;
    }
    this.pass = this.pending.length;
    return this.take();
  }

  private take(): Context {
    this.pass--;
    this.current = this.pending.shift() as Context;
    return this.current;
  }

  private maySpend(): boolean {
    return this.host.now < this.until && !this.host.needResched && --this.restarts > 0;
  }

  private defer(): void {
    this.deferred = true;
    this.ksoftirqd.signal();
  }

  /** The thread; between two passes the scheduler may give the processor to another one. */
  *thread(cpu: Context): Program {
    this.ksoftirqd = cpu;
    yield WAIT;
    for (;;) {
      while (this.pending.length > 0) {
        this.pass = this.pending.length;
        yield RUN;
      }
      this.deferred = false;
      yield WAIT;
    }
  }
}
