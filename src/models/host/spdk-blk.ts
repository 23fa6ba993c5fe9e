/**
 * A vhost-user-blk target of SPDK (lib/vhost): a reactor that polls the ring and the disk's completion queue in turn, never sleeps, and
 * drives the disk from user space; one decision about an interrupt for all that a look at the completions has found.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import { BlockIo, type CompletionQueue, type RequestHeaders } from '../hardware/disk/block-io.ts';
import type { DiskPort } from '../hardware/disk/disk-port.ts';
import { Fifo } from '../hardware/fifo.ts';
import { type RequestFormat, writtenOf } from '../virtio/blk-request.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue } from '../virtio/device-queue.ts';
import type { Interrupt } from './interrupt-path.ts';
import { BURST, type Pmd, type PolledQueue } from './pmd.ts';
import { RingCosts } from './ring-costs.ts';

export interface SpdkBlkParts {
  readonly vm: string;
  readonly queue: DeviceQueue;
  readonly headers: RequestHeaders;
  readonly format: RequestFormat;
  readonly port: DiskPort;
  readonly reactor: Pmd;
  readonly interrupt: Interrupt;
}

/** A request of SPDK's: that of the guest, and the head that it came with. */
class Task extends BlockIo {
  guest!: BlockIo;
  head = 0;
}

export class SpdkBlk implements CompletionQueue {
  private readonly books: Accounting;
  private readonly parts: SpdkBlkParts;
  private readonly target: Cost;
  private readonly bdev: Cost;
  private readonly ring: RingCosts;
  private readonly stageSubmit: Stage;
  private readonly stageComplete: Stage;
  private readonly wait: Stage;
  private readonly finished = new Fifo<Task>();
  private readonly rest: Task[] = [];
  /** The ring was found broken, and nothing was offered since. */
  private stuck = false;

  constructor(books: Accounting, parts: SpdkBlkParts) {
    const { costs, timeline } = books;
    this.books = books;
    this.parts = parts;
    this.target = costs.cost('spdk.vhost');
    this.bdev = costs.cost('spdk.nvme');
    this.ring = new RingCosts(books);
    this.stageSubmit = timeline.working('spdk: submit');
    this.stageComplete = timeline.working('spdk: complete');
    this.wait = timeline.waiting('wait: reactor');
    parts.queue.suppressKicks();
    for (const polled of this.queues()) parts.reactor.add(polled);
  }

  /** What the reactor polls for this disk: the guest's ring, and the disk's completions. */
  private queues(): readonly PolledQueue[] {
    const { queue } = this.parts;
    const offered = (): boolean => !this.stuck && queue.availableNow;
    const completed = (): boolean => this.finished.length > 0;
    return [
      {
        get ready() {
          return offered();
        },
        serve: (cpu) => this.take(cpu),
      },
      {
        get ready() {
          return completed();
        },
        serve: (cpu) => this.giveBack(cpu),
      },
    ];
  }

  /** The guest offered something. */
  offered(): void {
    this.stuck = false;
    this.parts.reactor.notice();
  }

  completed(io: BlockIo): void {
    this.finished.push(io as Task);
    this.parts.reactor.notice();
  }

  private *take(cpu: Context): Program {
    const { queue, headers, port } = this.parts;
    for (let taken = 0; taken < BURST; taken++) {
      const head = queue.pop();
      if (head === BROKEN) {
        this.stuck = true;
        countError(this.books.counters, this.parts.vm, 'spdk vhost-user-blk', queue.fault);
      }
      if (head < 0) break;
      const guest = headers.get(queue.address[0]) as BlockIo;
      const task = (this.rest.pop() ?? new Task({ done: () => {} })).copy(guest);
      task.guest = guest;
      task.head = head;
      cpu.serve(guest.request, this.stageSubmit, this.wait);
      this.ring.charge(cpu, this.parts.queue);
      cpu.charge(this.target);
      cpu.charge(this.bdev);
      cpu.serveNobody();
      yield RUN;
      port.submit(task, this);
    }
  }

  private *giveBack(cpu: Context): Program {
    const { queue, format, interrupt } = this.parts;
    for (let task = this.finished.shift(); task !== null; task = this.finished.shift()) {
      cpu.serve(task.guest.request, this.stageComplete, this.wait);
      cpu.charge(this.bdev);
      cpu.serveNobody();
      yield RUN;
      queue.push(task.head, writtenOf(task, format));
      this.rest.push(task);
    }
    queue.flush();
    if (!queue.shouldSignal()) return;
    this.ring.charge(cpu, this.parts.queue);
    interrupt.charge(cpu);
    yield RUN;
    interrupt.raise();
  }
}
