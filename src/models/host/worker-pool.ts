/**
 * QEMU's pool of threads for `aio=threads` (util/thread-pool.c): a request is queued, an idle worker is woken, or another one made up
 * to 64; it calls preadv or pwritev, sleeps in it until the disk is done, and tells the event loop.
 *
 * Simplification: a worker that is needed for the first time is there at once, and none ends for being idle.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';

/** thread-pool-max. */
const WORKERS_MAX = 64;

/** A thread of the pool, while it has a request or is idle. */
interface Worker {
  readonly cpu: Context;
  /** The disk is done with its request. */
  done: boolean;
}

interface Task {
  readonly io: BlockIo;
  readonly finished: (cpu: Context) => void;
}

export class WorkerPool {
  private readonly disk: NativeDisk;
  /** Starts a thread of the host. */
  private readonly spawn: (program: (cpu: Context) => Program) => Context;
  private readonly syscall: Cost;
  private readonly wake: Cost;
  private readonly tasks = new Fifo<Task>();
  private readonly idle: Context[] = [];
  /** By the request that they wait for. */
  private readonly working = new Map<BlockIo, Worker>();
  private count = 0;

  constructor(
    { costs }: Accounting,
    disk: NativeDisk,
    spawn: (program: (cpu: Context) => Program) => Context,
  ) {
    this.disk = disk;
    this.spawn = spawn;
    this.syscall = costs.cost('syscall');
    this.wake = costs.cost('wake.waker');
  }

  /** @param finished in the worker: the disk is done with this request. */
  *submit<Io extends BlockIo>(
    cpu: Context,
    ios: readonly Io[],
    finished: (io: Io, cpu: Context) => void,
  ): Access {
    cpu.serveNobody();
    for (const io of ios) {
      cpu.charge(this.wake);
      yield RUN;
      this.tasks.push({ io, finished: (worker) => finished(io, worker) });
      this.wakeOne();
    }
  }

  private wakeOne(): void {
    let worker = this.idle.pop();
    if (worker === undefined && this.count < WORKERS_MAX) {
      this.count++;
      worker = this.spawn((cpu) => this.program(cpu));
    }
    worker?.signal();
  }

  /** In the host's interrupt. */
  arrived(io: BlockIo, cpu: Context): void {
    const worker = this.working.get(io) as Worker;
    worker.done = true;
    if (worker.cpu.waiting) cpu.charge(this.wake);
    worker.cpu.signal();
  }

  private *program(cpu: Context): Program {
    yield WAIT;
    for (;;) {
      const task = this.tasks.shift();
      if (task === null) {
        this.idle.push(cpu);
        yield WAIT;
        continue;
      }
      const { io } = task;
      const worker = { cpu, done: false };
      this.working.set(io, worker);
      const queue = this.disk.queueOf(cpu);
      cpu.charge(this.syscall);
      queue.chargeSubmit(cpu, io);
      yield RUN;
      yield cpu.call(queue.issue(cpu, [io]));
      while (!worker.done) yield WAIT;
      this.working.delete(io);
      task.finished(cpu);
      yield RUN;
    }
  }
}
