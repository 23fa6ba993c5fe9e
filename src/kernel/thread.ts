/** A long-lived program that runs outside any modelled core: a remote peer, a traffic source, a user with think time. */
import type { Picoseconds } from '../units.ts';
import type { Signal } from './signal.ts';
import { type Handler, type Simulation, SimulationError } from './simulation.ts';

/** Yielded by a program that sleeps until `signal()`. */
export const WAIT: unique symbol = Symbol('wait');

/** What a program yields: a delay in picoseconds, `WAIT`, or a signal shared with others. */
export type Program = Generator<number | typeof WAIT | Signal, void, void>;

/** A program that never sleeps at one instant is a loop, not a model. */
const MOST_STEPS_AT_ONCE = 1e6;

type State = 'delayed' | 'waiting' | 'gated' | 'woken' | 'running' | 'ended';

/** Runs a program by events: it starts by an event at the time it is built, and each wake-up is an event too. */
export class Thread {
  readonly name: string;
  private readonly sim: Simulation;
  private readonly program: Program;
  private readonly resume: Handler;
  private state: State = 'delayed';
  private signalled = false;

  constructor(sim: Simulation, name: string, program: Program) {
    this.sim = sim;
    this.name = name;
    this.program = program;
    this.resume = sim.handler(() => this.run(), name);
    sim.at(sim.now, this.resume);
  }

  /** Whether the program has returned. */
  get ended(): boolean {
    return this.state === 'ended';
  }

  /**
   * Ends a WAIT, by an event at this instant; a signal that comes before WAIT is remembered, and WAIT then returns at once. Signals
   * are a flag, not a count: all that come before the program runs again are one. A delay is not cut short.
   */
  signal(): void {
    if (this.state === 'waiting') this.wake();
    else if (this.state !== 'woken') this.signalled = true;
  }

  /** Called by the `Signal` that the program yielded. */
  wake(): void {
    this.state = 'woken';
    this.sim.after(0 as Picoseconds, this.resume);
  }

  private run(): void {
    this.state = 'running';
    for (let steps = 0; steps < MOST_STEPS_AT_ONCE; steps++) {
      const { done, value } = this.program.next();
      if (done) {
        this.state = 'ended';
        return;
      }
      if (typeof value === 'number') {
        this.state = 'delayed';
        this.sim.after(value as Picoseconds, this.resume);
        return;
      }
      if (value !== WAIT) {
        this.state = 'gated';
        value.add(this);
        return;
      }
      if (!this.signalled) {
        this.state = 'waiting';
        return;
      }
      this.signalled = false;
    }
    throw new SimulationError(`thread '${this.name}' signals itself without end at ${this.sim.now} ps`);
  }
}
