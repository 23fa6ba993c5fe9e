/** Identical servers behind one waiting line: a link, a disk, a DMA engine; whatever serves in order of arrival. */
import type { Picoseconds } from '../units.ts';
import { ExactSum } from './exact-sum.ts';
import { type Handler, type Simulation, SimulationError } from './simulation.ts';
import { WaitingLine } from './waiting-line.ts';

export interface StationOptions {
  /** Servers working in parallel; default 1. */
  servers?: number;
  /** Customers that may wait, besides those in service; default no limit (an error at 2^20). */
  room?: number;
}

/** The measures of a station at one moment; the difference of two describes the time between them. */
export interface StationSnapshot {
  readonly time: Picoseconds;
  readonly arrivals: number;
  readonly refused: number;
  readonly completions: number;
  /** Server-picoseconds worked. */
  readonly busy: ExactSum;
  /** Customer-picoseconds in the system, of those who left and those who are still inside. */
  readonly area: ExactSum;
  /** Picoseconds from arrival to completion, of those who left. */
  readonly sojourn: ExactSum;
}

export class Station {
  readonly name: string;
  readonly servers: number;
  private readonly sim: Simulation;
  private readonly room: number;
  private readonly finished: Handler;
  private readonly line = new WaitingLine();
  /** Servers at rest, used as a stack. */
  private readonly resting: Int32Array;
  private restingCount = 0;
  // What each server is doing; `since` is -1 at rest.
  private readonly since: Float64Array;
  private readonly arrived: Float64Array;
  private readonly service: Float64Array;
  private readonly argument: Float64Array;
  private readonly done: Int32Array;

  private arrivals = 0;
  private refused = 0;
  private completions = 0;
  private settledAt = 0;
  private readonly busy = new ExactSum();
  private readonly area = new ExactSum();
  private readonly sojourn = new ExactSum();
  private readonly served = new ExactSum();

  constructor(sim: Simulation, name: string, options: StationOptions = {}) {
    const { servers = 1, room = Infinity } = options;
    if (!(Number.isInteger(servers) && servers >= 1))
      throw new RangeError(`station '${name}' with ${servers} servers`);
    if (!(room >= 0 && (Number.isInteger(room) || room === Infinity))) {
      throw new RangeError(`station '${name}' with room for ${room}`);
    }
    this.sim = sim;
    this.name = name;
    this.servers = servers;
    this.room = room;
    this.settledAt = sim.now;
    this.finished = sim.handler((server) => this.finish(server), name);
    this.resting = Int32Array.from({ length: servers }, (_, i) => servers - 1 - i);
    this.restingCount = servers;
    this.since = new Float64Array(servers).fill(-1);
    this.arrived = new Float64Array(servers);
    this.service = new Float64Array(servers);
    this.argument = new Float64Array(servers);
    this.done = new Int32Array(servers);
  }

  /**
   * A customer who needs `service`; when it is over, `done` is called with `argument`, at that instant and within the station's own event.
   * False, and nothing happens, if all servers are busy and the line is full.
   */
  arrive(service: Picoseconds, done: Handler, argument = 0): boolean {
    const now = this.sim.now;
    if (this.restingCount === 0 && this.line.length >= this.room) {
      this.refused++;
      return false;
    }
    this.settle(now);
    this.arrivals++;
    if (this.restingCount > 0) this.begin(this.resting[--this.restingCount]!, now, service, done, argument);
    else this.line.push(now, service, done, argument);
    return true;
  }

  /** Customers waiting, without those in service. */
  get waiting(): number {
    return this.line.length;
  }

  /** Customers waiting or in service. */
  get inSystem(): number {
    return this.line.length + this.servers - this.restingCount;
  }

  /** The measures up to now. Keep one from the end of the warm-up, and give it to the methods below. */
  snapshot(): StationSnapshot {
    this.settle(this.sim.now);
    const { arrivals, refused, completions } = this;
    return {
      time: this.sim.now,
      arrivals,
      refused,
      completions,
      busy: this.busy.copy(),
      area: this.area.copy(),
      sojourn: this.sojourn.copy(),
    };
  }

  /** Share of the servers' time that was worked since then, from 0 to 1. */
  utilisation(since: StationSnapshot): number {
    this.settle(this.sim.now);
    return this.busy.since(since.busy) / (this.servers * (this.sim.now - since.time));
  }

  /** Customers in the system, averaged over the time since then. */
  meanInSystem(since: StationSnapshot): number {
    this.settle(this.sim.now);
    return this.area.since(since.area) / (this.sim.now - since.time);
  }

  /** Mean time from arrival to completion of those who left since then, in picoseconds; NaN if nobody did. */
  meanSojourn(since: StationSnapshot): number {
    return this.sojourn.since(since.sojourn) / (this.completions - since.completions);
  }

  /**
   * Holds two laws to the picosecond, each side counted in its own way. Little: the area under the number in the system is the sum of
   * all sojourns. Utilisation: the area under the number of busy servers is the sum of all service done.
   * @throws SimulationError if either is broken.
   */
  check(): void {
    const now = this.sim.now;
    this.settle(now);
    const sojourn = this.sojourn.copy();
    const served = this.served.copy();
    for (let server = 0; server < this.servers; server++) {
      if (this.since[server]! < 0) continue;
      sojourn.add(now - this.arrived[server]!);
      served.add(now - this.since[server]!);
    }
    this.line.forEach((arrived) => void sojourn.add(now - arrived));
    if (!sojourn.equals(this.area)) this.broken("Little's law", sojourn, this.area);
    if (!served.equals(this.busy)) this.broken('the utilisation law', served, this.busy);
    if (this.arrivals !== this.completions + this.inSystem) {
      throw new SimulationError(`station '${this.name}' lost a customer by ${now} ps`);
    }
  }

  private begin(server: number, arrived: number, service: number, done: number, argument: number): void {
    this.since[server] = this.sim.now;
    this.arrived[server] = arrived;
    this.service[server] = service;
    this.done[server] = done;
    this.argument[server] = argument;
    this.sim.after(service as Picoseconds, this.finished, server);
  }

  private finish(server: number): void {
    const now = this.sim.now;
    this.settle(now);
    this.completions++;
    this.sojourn.add(now - this.arrived[server]!);
    this.served.add(this.service[server]!);
    const done = this.done[server]! as Handler;
    const argument = this.argument[server]!;
    // The next customer begins before `done` runs, so that whatever `done` sends back queues behind those who wait.
    if (this.line.length > 0) {
      this.line.shift((arrived, service, nextDone, nextArgument) => {
        this.begin(server, arrived, service, nextDone, nextArgument);
      });
    } else {
      this.since[server] = -1;
      this.resting[this.restingCount++] = server;
    }
    this.sim.call(done, argument);
  }

  /** Adds the time since the last change to both areas. */
  private settle(now: number): void {
    const elapsed = now - this.settledAt;
    if (elapsed === 0) return;
    this.settledAt = now;
    this.area.addProduct(this.inSystem, elapsed);
    this.busy.addProduct(this.servers - this.restingCount, elapsed);
  }

  private broken(law: string, summed: ExactSum, area: ExactSum): never {
    throw new SimulationError(
      `station '${this.name}' breaks ${law} at ${this.sim.now} ps: ${summed.value} summed, ${area.value} under the curve`,
    );
  }
}
