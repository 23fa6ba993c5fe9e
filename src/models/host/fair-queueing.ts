/**
 * In what order a backend hands requests to the disk: as they came, by class, or fairly between flows. A flow is what one producer
 * asks for in one class; within a flow nothing overtakes, so each producer's writes stay in order.
 */
import type { Picoseconds } from '../../units.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { HostIo } from './host-block.ts';

export const DISCIPLINES = ['fifo', 'priority', 'drr', 'wfq'] as const;
export type Discipline = (typeof DISCIPLINES)[number];

export interface QueueingSettings {
  readonly discipline: Discipline;
  /** Of DRR: bytes that a flow may send on each visit; and its share where weights differ. */
  readonly quantum: number;
  /** Weight of interactive flows, of which bulk ones have 1. */
  readonly weight: number;
  /** Of priority: bulk that has waited so long goes first. */
  readonly age: Picoseconds;
}

export interface Queueing {
  push(io: HostIo, now: Picoseconds): void;
  /** The next to be handed on; null: there is none. */
  next(now: Picoseconds): HostIo | null;
}

interface Waiting {
  readonly io: HostIo;
  readonly since: Picoseconds;
  /** Of WFQ: virtual time at which it may start. */
  readonly start: number;
}

interface Flow {
  readonly interactive: boolean;
  readonly line: Fifo<Waiting>;
  /** Of DRR: bytes that it may still send. */
  deficit: number;
  /** Of WFQ: virtual time at which its last request ends. */
  finish: number;
}

const weightOf = ({ interactive }: Flow, { weight }: QueueingSettings): number => (interactive ? weight : 1);

abstract class Flows implements Queueing {
  protected readonly settings: QueueingSettings;
  protected readonly flows: Flow[] = [];
  private readonly byKey = new Map<number, Flow>();

  constructor(settings: QueueingSettings) {
    this.settings = settings;
  }

  abstract next(now: Picoseconds): HostIo | null;

  push(io: HostIo, now: Picoseconds): void {
    const flow = this.flowOf(io);
    flow.line.push({ io, since: now, start: this.start(flow, io) });
    this.joined(flow);
  }

  /** Called when a request was put into a flow. */
  protected joined(_flow: Flow): void {}

  protected start(_flow: Flow, _io: HostIo): number {
    return 0;
  }

  private flowOf({ producer, interactive }: HostIo): Flow {
    const key = producer * 2 + (interactive ? 1 : 0);
    let flow = this.byKey.get(key);
    if (flow === undefined) {
      flow = { interactive, line: new Fifo(), deficit: 0, finish: 0 };
      this.byKey.set(key, flow);
      this.flows.push(flow);
    }
    return flow;
  }
}

/** In order of arrival, whatever it is. */
class InOrder implements Queueing {
  private readonly line = new Fifo<HostIo>();

  push(io: HostIo): void {
    this.line.push(io);
  }

  next(): HostIo | null {
    return this.line.shift();
  }
}

/** Interactive before bulk, the oldest of each first; but bulk that is too old goes before all, one request in so long a time. */
class Priority extends Flows {
  private agedAt = Number.NEGATIVE_INFINITY;

  next(now: Picoseconds): HostIo | null {
    const [interactive, bulk] = [true, false].map((kind) => this.oldest(kind));
    const { age } = this.settings;
    const tooOld =
      bulk !== null && now - (bulk.line.peek() as Waiting).since >= age && now - this.agedAt >= age;
    if (tooOld) this.agedAt = now;
    const chosen = tooOld ? bulk : (interactive ?? bulk);
    return chosen?.line.shift()?.io ?? null;
  }

  private oldest(interactive: boolean): Flow | null {
    let found: Flow | null = null;
    for (const flow of this.flows) {
      const head = flow.line.peek();
      if (head === null || flow.interactive !== interactive) continue;
      if (found === null || head.since < (found.line.peek() as Waiting).since) found = flow;
    }
    return found;
  }
}

/** Deficit round robin (Shreedhar and Varghese, SIGCOMM 1995); a request costs its bytes. */
class DeficitRoundRobin extends Flows {
  private readonly active = new Fifo<Flow>();
  /** The flow at the head has had its quantum for this visit. */
  private visited = false;

  protected override joined(flow: Flow): void {
    if (flow.line.length === 1) this.active.push(flow);
  }

  next(): HostIo | null {
    const { active, settings } = this;
    for (let flow = active.peek(); flow !== null; flow = active.peek()) {
      if (!this.visited) flow.deficit += settings.quantum * weightOf(flow, settings);
      this.visited = true;
      const { io } = flow.line.peek() as Waiting;
      if (io.size <= flow.deficit) {
        flow.deficit -= io.size;
        flow.line.shift();
        if (flow.line.length === 0) {
          flow.deficit = 0;
          active.shift();
          this.visited = false;
        }
        return io;
      }
      active.shift();
      active.push(flow);
      this.visited = false;
    }
    return null;
  }
}

/** Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996), the form of WFQ that needs no knowledge of the disk's rate. */
class StartTimeFair extends Flows {
  /** Start of the request handed on last. */
  private virtualTime = 0;

  protected override start(flow: Flow, { size }: HostIo): number {
    const start = Math.max(this.virtualTime, flow.finish);
    flow.finish = start + size / weightOf(flow, this.settings);
    return start;
  }

  next(): HostIo | null {
    let chosen: Flow | null = null;
    let least = Number.POSITIVE_INFINITY;
    for (const flow of this.flows) {
      const head = flow.line.peek();
      if (head === null || head.start >= least) continue;
      least = head.start;
      chosen = flow;
    }
    if (chosen === null) {
      // A busy period ends: nobody has an advantage in the next.
      this.virtualTime = Math.max(this.virtualTime, ...this.flows.map(({ finish }) => finish));
      return null;
    }
    this.virtualTime = least;
    return (chosen.line.shift() as Waiting).io;
  }
}

const KINDS = { fifo: InOrder, priority: Priority, drr: DeficitRoundRobin, wfq: StartTimeFair };

export const queueingOf = (settings: QueueingSettings): Queueing => new KINDS[settings.discipline](settings);
