/** A small machine for tests: cores, a scheduler and prices that can be added up in one's head. */
import { Accounting } from '../../accounting/accounting.ts';
import { type Cost, CostTable, type Price } from '../../accounting/cost.ts';
import { streams } from '../../kernel/random.ts';
import { Simulation } from '../../kernel/simulation.ts';
import { ps } from '../../units.ts';
import { type Context, type Program, WAIT } from './context.ts';
import { Core } from './core.ts';
import type { IdleState } from './idle-states.ts';
import { type HostCore, type Placement, type Scheduler, TaskThread, type Thread } from './thread.ts';
import { Turn } from './turn.ts';

/** What cores, vCPUs and locks charge; all free unless a test gives a price. `work` is one picosecond. */
const STANDARD = [
  'work',
  'contextSwitch',
  'hostIrqEntry',
  'timerProgram',
  'timerInterrupt',
  'migration',
  'exitLight',
  'exitMsr',
  'exitEoi',
  'postedDelivery',
  'injection',
  'pollution',
  'irqEntry',
  'taskSwitch',
  'idleEnter',
  'haltPoll',
  'idlePoll',
  'wakeWaker',
  'bql.handoff',
  'qemu.mainLoop',
] as const;
type Standard = (typeof STANDARD)[number];

/** A scheduler to which cores can be added one by one. */
export type BenchScheduler = Scheduler & { add(core: HostCore): void };

export interface BenchSettings {
  readonly cores?: number;
  /** ps per occurrence, by the name of the cost. */
  readonly prices?: Readonly<Record<string, number>>;
  readonly idleStates?: readonly IdleState[];
  /** By default first come, first served, real-time threads first. */
  readonly scheduler?: (machine: Bench) => BenchScheduler;
  /** Of the default scheduler: how long a thread keeps its core while others wait. */
  readonly slice?: number;
}

/** What happens each time a thread is signalled. */
export type Body = (cpu: Context) => Program;

/** The program that runs `body` once per signal. */
export const whenever = (body: Body): Body =>
  function* (cpu) {
    for (;;) {
      yield WAIT;
      yield* body(cpu);
    }
  };

export class Bench {
  readonly sim = new Simulation();
  readonly books: Accounting;
  readonly costs: Readonly<Record<Standard, Cost>>;
  readonly cores: readonly Core[];
  readonly scheduler: BenchScheduler;
  /** What programs noted: `time what`. */
  readonly seen: string[] = [];

  constructor(settings: BenchSettings = {}) {
    const { prices = {}, cores = 1, slice = Number.POSITIVE_INFINITY } = settings;
    const all = { ...Object.fromEntries(STANDARD.map((name) => [name, 0])), work: 1, ...prices };
    const table = Object.entries(all).map(([name, price]): [string, Price] => [name, { fixed: ps(price) }]);
    const random = streams(1, 0);
    this.books = new Accounting(new CostTable(new Map(table), (name) => random.stream(name)));
    this.costs = Object.fromEntries(STANDARD.map((name) => [name, this.cost(name)])) as Record<
      Standard,
      Cost
    >;
    this.scheduler = settings.scheduler?.(this) ?? new FirstComeFirstServed(slice);
    const parts = {
      scheduler: this.scheduler,
      costs: { ...this.costs, irqEntry: this.costs.hostIrqEntry },
      idleStates: settings.idleStates ?? [{ name: 'POLL', after: ps(0), exitLatency: ps(0) }],
      turn: new Turn(),
    };
    this.cores = Array.from({ length: cores }, (_, id) => new Core(this.sim, this.books, id, parts));
    for (const core of this.cores) this.scheduler.add(core);
  }

  cost(name: string): Cost {
    return this.books.costs.cost(name);
  }

  /** A host thread that runs `body` once per signal; on core 0 unless placed elsewhere. */
  thread(name: string, body: Body, placement: Partial<Placement> = {}): TaskThread {
    const thread = new TaskThread(name, { affinity: [0], ...placement });
    this.cores[thread.affinity[0]].host(thread, name, whenever(body));
    return thread;
  }

  at(time: number, action: () => void): void {
    this.sim.at(ps(time), this.sim.handler(action, 'test'));
  }

  note(what: string): void {
    this.seen.push(`${this.sim.now} ${what}`);
  }

  /** Runs up to and including `until`, and books everything. */
  run(until: number): void {
    this.sim.run(ps(until));
    this.settle();
  }

  settle(): void {
    for (const core of this.cores) core.settleBooks();
  }

  /** Charges + idle − elapsed, per core; all zero, or the books do not close. */
  gaps(): number[] {
    const { ledger } = this.books;
    return this.cores.map(({ name }) => ledger.busy(name) + (ledger.idle.get(name) as number) - this.sim.now);
  }

  /** Busy time and occurrences of `payer` on all cores, by cost; host work on its behalf under `plane cost`. */
  bill(payer: string): Record<string, [busy: number, count: number]> {
    const bill: Record<string, [number, number]> = {};
    for (const line of this.books.ledger.spending()) {
      if (line.payer !== payer) continue;
      const name = line.plane === 'own' ? line.cost : `${line.plane} ${line.cost}`;
      bill[name] ??= [0, 0];
      bill[name][0] += line.busy;
      bill[name][1] += line.count;
    }
    return bill;
  }

  /** Busy time of `payer` on all cores. */
  busy(payer: string): number {
    return Object.values(this.bill(payer)).reduce((sum, [busy]) => sum + busy, 0);
  }

  count(metric: string, component: string, vm = ''): number {
    return this.books.counters.counter(metric, component, vm).value;
  }
}

/** The plainest scheduler a core can have: a queue, and real-time threads before fair ones. */
class FirstComeFirstServed implements BenchScheduler {
  private readonly cores: HostCore[] = [];
  private readonly queues: Thread[][] = [];
  private readonly slice: number;

  constructor(slice: number) {
    this.slice = slice;
  }

  add(core: HostCore): void {
    this.cores.push(core);
    this.queues.push([]);
  }

  wake(thread: Thread): void {
    if (thread.runnable) return;
    thread.runnable = true;
    const core = thread.core ?? this.cores[thread.affinity[0]];
    this.putBack(core, thread);
    core.queued(core.thread?.policy === 'fair' && thread.policy === 'fifo');
  }

  pick(core: HostCore): Thread | null {
    const queue = this.queues[core.id];
    const first = queue.findIndex(({ policy }) => policy === 'fifo');
    return queue.splice(Math.max(first, 0), 1)[0] ?? null;
  }

  putBack(core: HostCore, thread: Thread): void {
    this.queues[core.id].push(thread);
  }

  waiting(core: HostCore): number {
    return this.queues[core.id].length;
  }

  charge(): void {
    // Nothing is weighed here.
  }

  sliceEnd(thread: Thread, since: number): number {
    return thread.policy === 'fifo' ? Number.POSITIVE_INFINITY : since + this.slice;
  }
}
