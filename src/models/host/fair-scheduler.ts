/**
 * The host's scheduler: a run queue per core ordered by weighted run time, slices that end on ticks, wake-up
 * placement and load balancing. Two policies: EEVDF's run-to-parity (Linux ≥ 6.6) and CFS with wake-up preemption.
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Counter, Counters } from '../../accounting/counters.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { EXIT_KERNEL, OPEN } from '../hardware/mode.ts';
import type { HostCore, Scheduler, Thread } from '../hardware/thread.ts';

export interface FairSchedulerSettings {
  /** `eevdf`: who runs keeps the core until its slice is used up; `cfs`: a waking thread far enough behind preempts. */
  readonly policy: 'eevdf' | 'cfs';
  readonly slice: Picoseconds;
  /** CFS only: how far behind (weighted ps) a waking thread must be to preempt. */
  readonly wakeupGranularity: Picoseconds;
  /** Slices are looked at on ticks: one every `tick`. */
  readonly tick: Picoseconds;
}

/** Weight of a thread at nice 0 (Linux NICE_0_LOAD). */
const NICE_0 = 1024;
/** Threads that may wait for one core: more is a runaway scenario. */
const QUEUE_MAX = 4096;

export class FairScheduler implements Scheduler {
  private readonly sim: Simulation;
  private readonly settings: FairSchedulerSettings;
  private readonly cores: HostCore[] = [];
  /** By core id: threads that wait, and the least virtual run time a newcomer starts with. */
  private readonly queues: Thread[][] = [];
  private readonly floor: number[] = [];
  /** Threads that wait for any core. */
  private queued = 0;
  private readonly counters: Counters;
  private readonly migration: Cost;

  constructor(sim: Simulation, settings: FairSchedulerSettings, counters: Counters, migration: Cost) {
    this.sim = sim;
    this.settings = settings;
    this.counters = counters;
    this.migration = migration;
  }

  /** Makes `core` known; cores are placed on in the order in which they were added. */
  add(core: HostCore): void {
    this.cores.push(core);
    this.queues[core.id] = [];
    this.floor[core.id] = 0;
  }

  wake(thread: Thread): void {
    if (thread.runnable) {
      thread.core?.reconsider();
      return;
    }
    thread.runnable = true;
    thread.wakeups ??= this.wakeupsOf(thread);
    thread.wakeups.value++;
    const core = this.place(thread);
    core.chargeRunning();
    // A sleeper does not save up time: it starts level with those it joins; under CFS half a period (the slice of
    // two threads) ahead of them.
    const credit = this.settings.policy === 'cfs' ? this.settings.slice : 0;
    thread.virtualRuntime = Math.max(thread.virtualRuntime, this.raiseFloor(core) - credit);
    const preempts = core.thread !== null && this.preempts(thread, core.thread);
    this.enqueue(core, thread);
    core.queued(preempts);
  }

  /** The core it ran on if idle, else an idle core of its affinity set, else the former. */
  private place(thread: Thread): HostCore {
    const { affinity } = thread;
    const previous =
      thread.core !== null && affinity.includes(thread.core.id) ? thread.core : this.cores[affinity[0]];
    if (affinity.length === 1 || this.free(previous)) return previous;
    return this.cores.find((core) => affinity.includes(core.id) && this.free(core)) ?? previous;
  }

  private wakeupsOf(thread: Thread): Counter {
    const counter = this.counters.counter('wakeups', thread.name);
    // Named at once, so that a count of zero is reported as zero.
    this.counters.counter('migrations', thread.name);
    return counter;
  }

  private free(core: HostCore): boolean {
    return core.thread === null && this.waiting(core) === 0;
  }

  /** The least run time of the fair threads on `core`; it never falls. */
  private raiseFloor(core: HostCore): number {
    let least = Number.POSITIVE_INFINITY;
    if (core.thread?.policy === 'fair') least = core.thread.virtualRuntime;
    for (const { policy, virtualRuntime } of this.queues[core.id]) {
      if (policy === 'fair') least = Math.min(least, virtualRuntime);
    }
    if (least < Number.POSITIVE_INFINITY) this.floor[core.id] = Math.max(this.floor[core.id], least);
    return this.floor[core.id];
  }

  private preempts(waking: Thread, running: Thread): boolean {
    if (waking.policy !== running.policy) return waking.policy === 'fifo';
    if (waking.policy === 'fifo' || this.settings.policy === 'eevdf') return false;
    return running.virtualRuntime - waking.virtualRuntime > this.settings.wakeupGranularity;
  }

  private enqueue(core: HostCore, thread: Thread): void {
    const queue = this.queues[core.id];
    if (queue.length === QUEUE_MAX)
      throw new RangeError(`more than ${QUEUE_MAX} threads wait for ${core.name}`);
    queue.push(thread);
    this.queued++;
  }

  putBack(core: HostCore, thread: Thread): void {
    this.enqueue(core, thread);
  }

  pick(core: HostCore): Thread | null {
    const queue = this.queues[core.id];
    const thread = queue.length > 0 ? this.takeFirst(queue) : this.pull(core);
    if (thread === null) return null;
    if (thread.policy === 'fair') {
      this.floor[core.id] = Math.max(this.floor[core.id], thread.virtualRuntime);
    }
    if (thread.core !== null && thread.core !== core) this.migrated(thread);
    return thread;
  }

  /** Real-time threads first, then the one furthest behind; among equals the one that has waited longest. */
  private takeFirst(queue: Thread[]): Thread {
    this.queued--;
    if (queue.length === 1) return queue.pop() as Thread;
    let best = 0;
    for (let i = 1; i < queue.length; i++) {
      if (this.before(queue[i], queue[best])) best = i;
    }
    return queue.splice(best, 1)[0];
  }

  private before(a: Thread, b: Thread): boolean {
    if (a.policy !== b.policy) return a.policy === 'fifo';
    return a.policy === 'fair' && a.virtualRuntime < b.virtualRuntime;
  }

  /** An idle core takes a thread that waits elsewhere and may run here, from the longest queue. */
  private pull(core: HostCore): Thread | null {
    if (this.queued === 0) return null;
    let longest: Thread[] | null = null;
    for (const other of this.cores) {
      const queue = this.queues[other.id];
      if (other === core || other.thread === null || queue.length <= (longest?.length ?? 0)) continue;
      if (queue.some((thread) => thread.affinity.includes(core.id))) longest = queue;
    }
    const at = longest?.findIndex((thread) => thread.affinity.includes(core.id)) ?? -1;
    if (longest === null || at < 0) return null;
    const [thread] = longest.splice(at, 1);
    this.queued--;
    this.level(thread, this.queues.indexOf(longest), core);
    return thread;
  }

  /** Run times are compared within a core: who moves keeps how far ahead or behind it was. */
  private level(thread: Thread, from: number, to: HostCore): void {
    thread.virtualRuntime += this.floor[to.id] - this.floor[from];
  }

  private migrated(thread: Thread): void {
    thread.migrations++;
    this.counters.counter('migrations', thread.name).value++;
    const leaf = thread.leaf();
    leaf?.prelude(this.migration, leaf.guest ? EXIT_KERNEL : OPEN);
  }

  /** On each tick with a queue: the thread that waits moves to a core that has less to do, if it may. */
  balance(): void {
    for (const core of this.cores) {
      const queue = this.queues[core.id];
      const load = queue.length + (core.thread === null ? 0 : 1);
      const movable = queue.findIndex((thread) => this.lighter(thread, core, load) !== null);
      if (movable < 0) continue;
      const thread = queue.splice(movable, 1)[0];
      this.queued--;
      const target = this.lighter(thread, core, load) as HostCore;
      this.level(thread, core.id, target);
      this.enqueue(target, thread);
      target.queued(false);
    }
  }

  private lighter(thread: Thread, from: HostCore, load: number): HostCore | null {
    for (const core of this.cores) {
      if (core === from || !thread.affinity.includes(core.id)) continue;
      const there = this.waiting(core) + (core.thread === null ? 0 : 1);
      if (load - there >= 2) return core;
    }
    return null;
  }

  waiting(core: HostCore): number {
    return this.queues[core.id].length;
  }

  charge(thread: Thread, ran: number): void {
    thread.virtualRuntime += (ran * NICE_0) / thread.weight;
  }

  sliceEnd(thread: Thread, since: number): number {
    if (thread.policy === 'fifo') return Number.POSITIVE_INFINITY;
    const { policy, slice, tick } = this.settings;
    const onTick = (ideal: number): number => (tick === 0 ? ideal : Math.ceil(ideal / tick) * tick);
    const first = onTick(since + slice);
    const late = this.sim.now - first;
    if (late <= 0) return first;
    // Alone until now: EEVDF gave it one slice after the other; CFS ends an overdue one at the next tick.
    const round = policy === 'cfs' ? tick : onTick(slice);
    return round === 0 ? this.sim.now : first + Math.ceil(late / round) * round;
  }

  /** Starts the balancing tick; only a host with more threads than one core's worth needs it. */
  startBalancing(): void {
    const { tick } = this.settings;
    const tickHandler = this.sim.handler(() => {
      this.balance();
      this.sim.after(tick, tickHandler);
    }, 'load balancing');
    this.sim.after(tick, tickHandler);
  }
}
