/**
 * What is below a device model in user space: the monitor's block layer and the host's disk through linux-aio or io_uring. A
 * run of the device's handler submits with one system call, and the event loop takes completions as they come.
 *
 *   device ─► block layer ─► io_submit ─► host block layer, driver, disk ─► interrupt on a core ─► loop ─► device
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { BlockIo, type Issuer } from '../hardware/disk/block-io.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import type { EventLoop, Source } from './event-loop.ts';

/** QEMU's aio=. */
export const AIO_ENGINES = ['native', 'io_uring'] as const;
export type AioEngine = (typeof AIO_ENGINES)[number];

const COSTS: Readonly<Record<AioEngine, readonly [call: string, each: string]>> = {
  native: ['linuxAio.submit', 'linuxAio.perRequest'],
  io_uring: ['ioUring.enter', 'ioUring.perRequest'],
};

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
  /** By the event loop: these are done. Runs in its context. */
  completed(cpu: Context, ios: readonly HostIo[]): Access;
}

export class HostBlock implements Issuer {
  private readonly parts: HostBlockParts;
  private readonly call: Cost;
  private readonly each: Cost;
  private readonly wake: Cost;
  /** Of linux-aio's eventfd; io_uring's ring needs none. */
  private readonly eventfdRead: Cost | null;
  private readonly finished = new Fifo<HostIo>();
  private readonly rest: HostIo[] = [];
  private readonly source: Source;

  constructor({ costs }: Accounting, parts: HostBlockParts) {
    this.parts = parts;
    const [call, each] = COSTS[parts.engine];
    this.call = costs.cost(call);
    this.each = costs.cost(each);
    this.wake = costs.cost('wake.waker');
    this.eventfdRead = parts.engine === 'native' ? costs.cost('qemu.eventfdRead') : null;
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

  /** One system call for all of `ios`. */
  *submit(cpu: Context, ios: readonly HostIo[]): Access {
    const queue = this.parts.disk.queueOf(cpu);
    cpu.charge(this.call);
    for (const io of ios) {
      queue.chargeSubmit(cpu, io);
      cpu.charge(this.each);
    }
    yield RUN;
    yield cpu.call(queue.issue(cpu, ios));
  }

  /** In the host's interrupt: into the ring that the loop looks at, and, if it does not look, its descriptor is readable. */
  done(io: BlockIo, cpu: Context): void {
    const { loop } = this.parts;
    this.finished.push(io as HostIo);
    if (loop.polling) loop.notice();
    else if (this.source.raise()) cpu.charge(this.wake);
  }

  private *take(cpu: Context): Access {
    const { finished, rest, parts, eventfdRead } = this;
    if (!parts.loop.polling && eventfdRead !== null) cpu.charge(eventfdRead);
    while (finished.length > 0) {
      const batch: HostIo[] = [];
      for (let io = finished.shift(); io !== null; io = finished.shift()) batch.push(io);
      yield* parts.completed(cpu, batch);
      rest.push(...batch);
    }
  }
}
