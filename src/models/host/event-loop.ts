/** A thread of a monitor that dispatches what is ready: QEMU's main loop, one of its iothreads, or another monitor's loop. */
import type { Context } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';

/** Something the loop dispatches: a readable descriptor or a bottom half. */
export interface Source {
  /** To be run in the next iteration; once, however often it is asked for. @returns whether that wakes the loop. */
  raise(): boolean;
}

/** How a loop that polls looks at a source itself, without being told. */
export interface Polled {
  /** From now on nobody needs to tell (io_poll_begin). */
  begin(): void;
  /** Asks to be told again (io_poll_end). @returns whether something came meanwhile. */
  end(): boolean;
  /** There is something (io_poll). */
  readonly ready: boolean;
}

export interface EventLoop {
  /** Blocked: whoever makes a source ready pays for a wake-up. */
  readonly asleep: boolean;
  /** It looks at its polled sources itself at present: they are not told of anything. */
  readonly polling: boolean;
  /** Adds a source; sources are dispatched in the order in which they were added. */
  source(run: (cpu: Context) => Access, polled?: Polled): Source;
  /** Something has come that a polled source looks at. */
  notice(): void;
}
