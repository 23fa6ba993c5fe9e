/**
 * The write buffer of a solid-state disk, in segments of one program each. Writes fill open segments; one that finds no room claims a
 * segment of its own, and waits for it in line. What it leaves of it is for writes that come later, not for those in line,
 * which have claims of their own (assumed: firmware is not documented). A full segment is programmed to the dies in turn, and
 * free after that. Now and then a program comes with garbage collection: pages that are still valid are read and programmed again,
 * `garbagePages` at a time, so often that `writeAmplification` comes out in the long run.
 */
import type { RandomStream } from '../../../kernel/random.ts';
import type { Handler, Simulation } from '../../../kernel/simulation.ts';
import type { Picoseconds } from '../../../units.ts';
import { Fifo } from '../fifo.ts';
import type { Dies } from './dies.ts';

interface BufferSettings {
  readonly buffer: number;
  readonly program: Picoseconds;
  readonly programUnit: number;
  readonly read: Picoseconds;
  readonly writeAmplification: number;
  readonly garbagePages: number;
}

/** A write that is not inside as a whole. */
interface Claim {
  /** Bytes that have no room yet. */
  left: number;
  readonly done: () => void;
}

/** Programs between two flushes. */
interface Epoch {
  /** Under way. */
  programs: number;
  /** The flush that ends it; null: none has come yet. */
  done: (() => void) | null;
}

interface Program {
  readonly die: number;
  readonly epoch: Epoch;
  /** By how much its die had been put off when it was begun, ps. */
  delay: number;
}

export class WriteBuffer {
  private readonly sim: Simulation;
  private readonly dies: Dies;
  private readonly settings: BufferSettings;
  private readonly garbage: RandomStream;
  private readonly claims = new Fifo<Claim>();
  private free: number;
  /** Bytes left in open segments. */
  private room = 0;
  /** Bytes in open segments. */
  private gathered = 0;
  /** Programs begun and not over. */
  private underWay = 0;
  private nextDie = 0;
  private epoch: Epoch = { programs: 0, done: null };
  private readonly epochs = new Fifo<Epoch>();
  /** Under way, by number. */
  private readonly programs: (Program | null)[] = [];
  private readonly unused: number[] = [];
  private readonly over: Handler;

  constructor(sim: Simulation, dies: Dies, settings: BufferSettings, garbage: RandomStream) {
    this.sim = sim;
    this.dies = dies;
    this.settings = settings;
    this.garbage = garbage;
    this.free = Math.max(1, Math.floor(settings.buffer / settings.programUnit));
    this.epochs.push(this.epoch);
    this.over = sim.handler((program) => this.programmed(program), 'disk programmed');
  }

  /** Takes `size` bytes, and calls `done` when all of them are inside. */
  admit(size: number, done: () => void): void {
    const claim = { left: size, done };
    this.store(claim);
    while (claim.left > 0 && this.free > 0) this.open(claim);
    if (claim.left > 0) this.claims.push(claim);
    else done();
  }

  /** Calls `done` when everything that is inside now has been programmed; the open segment is padded for it. */
  flush(done: () => void): void {
    if (this.gathered > 0) {
      this.room -= this.settings.programUnit - this.gathered;
      this.startProgram(this.gathered);
    }
    this.epoch.done = done;
    this.epoch = { programs: 0, done: null };
    this.epochs.push(this.epoch);
    this.endFlushes();
  }

  /** A free segment is opened for a write. */
  private open(claim: Claim): void {
    this.free--;
    this.room += this.settings.programUnit;
    this.store(claim);
  }

  /** As much of a write as there is room for. */
  private store(claim: Claim): void {
    const { programUnit } = this.settings;
    const bytes = Math.min(claim.left, this.room);
    claim.left -= bytes;
    this.room -= bytes;
    this.gathered += bytes;
    while (this.gathered >= programUnit) this.startProgram(programUnit);
  }

  private startProgram(bytes: number): void {
    const { sim, dies, settings, garbage, epoch } = this;
    const { writeAmplification, garbagePages } = settings;
    this.gathered -= bytes;
    const die = this.nextDie;
    this.nextDie = (die + 1) % dies.count;
    let span: number = settings.program;
    if (writeAmplification > 1 && garbage.bernoulli((writeAmplification - 1) / garbagePages)) {
      span += garbagePages * (settings.program + settings.read);
    }
    epoch.programs++;
    this.underWay++;
    const program = this.unused.pop() ?? this.programs.length;
    this.programs[program] = { die, epoch, delay: dies.delay(die, sim.now) };
    sim.at(dies.program(die, sim.now, span) as Picoseconds, this.over, program);
  }

  private programmed(number: number): void {
    const { sim, dies } = this;
    const program = this.programs[number] as Program;
    const putOff = dies.delay(program.die, sim.now) - program.delay;
    if (putOff > 0) {
      program.delay += putOff;
      sim.after(putOff as Picoseconds, this.over, number);
      return;
    }
    this.programs[number] = null;
    this.unused.push(number);
    this.underWay--;
    this.free++;
    program.epoch.programs--;
    this.serveClaims();
    this.endFlushes();
  }

  /** A segment came free: for the first in line. Those beyond the segments under way have no claim to any, and fill what is open. */
  private serveClaims(): void {
    const { claims } = this;
    let head = claims.peek();
    if (head === null) return;
    this.open(head);
    for (;;) {
      if (head.left === 0) {
        claims.shift();
        head.done();
      }
      head = claims.peek();
      if (head === null || this.room === 0 || claims.length <= this.underWay) return;
      this.store(head);
    }
  }

  private endFlushes(): void {
    const { epochs } = this;
    for (let head = epochs.peek(); head?.programs === 0 && head.done !== null; head = epochs.peek()) {
      epochs.shift();
      head.done();
    }
  }
}
