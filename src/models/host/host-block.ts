/**
 * What is below a device model in user space: the host's disk, through one of the ways to ask for I/O. With linux-aio and io_uring a
 * run of the device's handler submits with one system call, and the event loop takes completions as they come; `sync` waits for
 * each request in the loop's own thread (pread, pwrite); `threads` lets a thread of a pool wait.
 *
 *   device ─► block layer ─► io_submit ─► host block layer, driver, disk ─► interrupt on a core ─► loop ─► device
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import { BlockIo, type Issuer } from '../hardware/disk/block-io.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import type { EventLoop, Source } from './event-loop.ts';
import type { WorkerPool } from './worker-pool.ts';

/** QEMU's aio=. */
export const AIO_ENGINES = ['native', 'io_uring', 'threads'] as const;
/** `sync`: Firecracker's io_engine of that name. */
export type AioEngine = 'native' | 'io_uring' | 'sync' | WorkerPool;

type Price = readonly [call: string, each: string | null];
const LINUX_AIO: Price = ['linuxAio.submit', 'linuxAio.perRequest'];
const IO_URING: Price = ['ioUring.enter', 'ioUring.perRequest'];
/** What a worker's system call is to the disk is its own affair; telling the loop is another one. */
const ONE_CALL: Price = ['syscall', null];

/** A request of the host's: one of the guest's, or several that lie side by side. */
export class HostIo extends BlockIo {
  /** What of the guest's it stands for. */
  readonly parts: BlockIo[] = [];
  /** Where it comes back to. */
  readonly block: HostBlock;

  constructor(block: HostBlock) {
    super(block);
    this.block = block;
  }
}

export interface HostBlockParts {
  readonly disk: NativeDisk;
  readonly loop: EventLoop;
  readonly engine: AioEngine;
  /** Name of the cost of reading the eventfd that completions come by; null: the loop looks at io_uring's own ring. */
  readonly eventfdRead: string | null;
  /** By the event loop: these are done. Runs in its context. */
  completed(cpu: Context, ios: readonly HostIo[]): Access;
}

export class HostBlock implements Issuer {
  private readonly parts: HostBlockParts;
  private readonly pool: WorkerPool | null;
  private readonly call: Cost;
  private readonly each: Cost | null;
  private readonly wake: Cost;
  private readonly eventfdRead: Cost | null;
  private readonly finished = new Fifo<HostIo>();
  private readonly rest: HostIo[] = [];
  private readonly source: Source;
  /** Who sleeps in a system call until its request is done. */
  private sleeper: Context | null = null;

  constructor({ costs }: Accounting, parts: HostBlockParts) {
    const { engine, eventfdRead } = parts;
    this.parts = parts;
    this.pool = typeof engine === 'string' ? null : engine;
    const [call, each] = engine === 'native' ? LINUX_AIO : engine === 'io_uring' ? IO_URING : ONE_CALL;
    this.call = costs.cost(call);
    this.each = each === null ? null : costs.cost(each);
    this.wake = costs.cost('wake.waker');
    this.eventfdRead = eventfdRead === null ? null : costs.cost(eventfdRead);
    const someFinished = (): boolean => this.finished.length > 0;
    this.source = parts.loop.source((cpu) => this.take(cpu), {
      begin: () => {},
      end: someFinished,
      get ready() {
        return someFinished();
      },
    });
  }

  /** One that stands for `part`; it comes back by itself. */
  request(part: BlockIo): HostIo {
    const io = this.rest.pop() ?? new HostIo(this);
    io.parts.length = 0;
    io.parts.push(part);
    return io.copy(part);
  }

  /** One system call for all of `ios`; or one each, in which this thread or another one sleeps. */
  *submit(cpu: Context, ios: readonly HostIo[]): Access {
    const { pool } = this;
    if (pool !== null) {
      yield* pool.submit(cpu, ios, (io, worker) => this.tell(io, worker));
      return;
    }
    const queue = this.parts.disk.queueOf(cpu);
    cpu.charge(this.call);
    for (const io of ios) {
      queue.chargeSubmit(cpu, io);
      if (this.each !== null) cpu.charge(this.each);
    }
    yield RUN;
    if (this.parts.engine === 'sync') this.sleeper = cpu;
    yield cpu.call(queue.issue(cpu, ios));
    if (this.parts.engine !== 'sync') return;
    while (this.finished.length < ios.length) yield WAIT;
    this.sleeper = null;
    yield* this.giveBack(cpu);
  }

  /** In the host's interrupt, or in the submission where the disk is done at once. */
  done(io: BlockIo, cpu: Context): void {
    const { pool, sleeper } = this;
    if (pool !== null) pool.arrived(io, cpu);
    else if (sleeper === null) this.arrived(io as HostIo, cpu);
    else {
      this.finished.push(io as HostIo);
      if (sleeper.waiting) cpu.charge(this.wake);
      sleeper.signal();
    }
  }

  /** Into the ring that the loop looks at, and, if it does not look, its descriptor is readable. */
  private arrived(io: HostIo, cpu: Context): void {
    const { loop } = this.parts;
    this.finished.push(io);
    if (loop.polling) loop.notice();
    else if (this.source.raise()) cpu.charge(this.wake);
  }

  /** By a worker: a bottom half, and where the loop blocks, a write to its eventfd (aio_notify). */
  private tell(io: HostIo, worker: Context): void {
    if (this.parts.loop.asleep) worker.charge(this.call);
    this.arrived(io, worker);
  }

  private *take(cpu: Context): Access {
    if (!this.parts.loop.polling && this.eventfdRead !== null) cpu.charge(this.eventfdRead);
    yield* this.giveBack(cpu);
  }

  private *giveBack(cpu: Context): Access {
    const { finished, rest, parts } = this;
    while (finished.length > 0) {
      const batch: HostIo[] = [];
      for (let io = finished.shift(); io !== null; io = finished.shift()) batch.push(io);
      yield* parts.completed(cpu, batch);
      rest.push(...batch);
    }
  }
}
