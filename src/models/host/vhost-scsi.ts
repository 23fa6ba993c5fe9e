/**
 * vhost-scsi (drivers/vhost/scsi.c): a worker in the kernel takes commands off the ring and hands them to the target (LIO), which
 * asks the host's block layer; completions come back as a work item of the same worker, with one decision about an interrupt.
 *
 *   kick ─► worker: pop ─► target ─► block layer, driver, disk ─► interrupt ─► work item ─► worker: push, signal?
 *
 * A worker that finds work when it is done with some goes on, and is not kicked meanwhile; one that sleeps is kicked for each command.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { BlockIo, type Issuer, type RequestHeaders } from '../hardware/disk/block-io.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import { type RequestFormat, writtenOf } from '../virtio/blk-request.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue } from '../virtio/device-queue.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import { RingCosts } from './ring-costs.ts';
import type { TargetDevice } from './scsi-target.ts';

export interface VhostScsiParts {
  readonly vm: string;
  readonly disk: NativeDisk;
  readonly target: TargetDevice;
  readonly format: RequestFormat;
}

/** A queue of the device, as its worker serves it. */
export interface VhostScsiQueue {
  readonly queue: DeviceQueue;
  readonly headers: RequestHeaders;
  readonly interrupt: Interrupt;
}

class Command extends BlockIo {
  guest!: BlockIo;
  head = 0;
  served!: Served;
}

interface Served extends VhostScsiQueue {
  queued: boolean;
}

/** Buffers of one run of a queue (VHOST_SCSI_WEIGHT). */
const WEIGHT = 256;

export class VhostScsiWorker implements Issuer {
  private readonly books: Accounting;
  private readonly parts: VhostScsiParts;
  private readonly command: Cost;
  private readonly finish: Cost;
  private readonly ring: RingCosts;
  private readonly wake: Cost;
  private readonly stageSubmit: Stage;
  private readonly stageComplete: Stage;
  private readonly wait: Stage;
  /** Queues with something to take; each at most once. */
  private readonly work = new Fifo<Served>();
  private readonly finished = new Fifo<Command>();
  private readonly rest: Command[] = [];
  private cpu!: Context;

  constructor(books: Accounting, parts: VhostScsiParts) {
    const { costs, timeline } = books;
    this.books = books;
    this.parts = parts;
    this.command = costs.cost('vhostScsi.command');
    this.finish = costs.cost('vhostScsi.complete');
    this.ring = new RingCosts(books);
    this.wake = costs.cost('wake.waker');
    this.stageSubmit = timeline.working('vhost: submit');
    this.stageComplete = timeline.working('vhost: complete');
    this.wait = timeline.waiting('wait: vhost worker');
  }

  /** Adds a queue that this worker serves. @returns whom its kicks wake. */
  serve(queue: VhostScsiQueue): Kicked {
    const served = { ...queue, queued: false };
    const asleep = (): boolean => this.cpu.waiting;
    queue.queue.allowKicks();
    return {
      get asleep() {
        return asleep();
      },
      kick: () => this.enqueue(served),
    };
  }

  private enqueue(served: Served): void {
    if (served.queued) return;
    served.queued = true;
    this.work.push(served);
    this.cpu.signal();
  }

  *program(cpu: Context): Program {
    this.cpu = cpu;
    yield WAIT;
    for (;;) {
      if (this.finished.length > 0) yield cpu.call(this.complete(cpu));
      const served = this.work.shift();
      if (served !== null) {
        served.queued = false;
        yield cpu.call(this.handle(cpu, served));
      } else if (this.finished.length === 0) yield WAIT;
    }
  }

  /** vhost_scsi_handle_vq. */
  private *handle(cpu: Context, served: Served): Program {
    const { queue, headers } = served;
    const { disk, target } = this.parts;
    queue.suppressKicks();
    for (let taken = 0; ; taken++) {
      if (taken === WEIGHT) {
        this.enqueue(served);
        return;
      }
      const head = queue.pop();
      if (head === BROKEN) {
        countError(this.books.counters, this.parts.vm, 'vhost-scsi', queue.fault);
        return;
      }
      if (head < 0) {
        if (!queue.allowKicks()) return;
        queue.suppressKicks();
        continue;
      }
      const guest = headers.get(queue.address[0]) as BlockIo;
      const command = (this.rest.pop() ?? new Command(this)).copy(guest);
      Object.assign(command, { guest, head, served });
      const below = disk.queueOf(cpu);
      cpu.serve(guest.request, this.stageSubmit, this.wait);
      this.ring.charge(cpu, queue);
      cpu.charge(this.command);
      below.chargeSubmit(cpu, command);
      yield RUN;
      cpu.serveNobody();
      yield* target.enter(cpu, guest.request);
      yield cpu.call(below.issue(cpu, [command]));
    }
  }

  /** The target is done, in the host's interrupt: vs_completion_work is queued. */
  done(io: BlockIo, cpu: Context): void {
    const asleep = this.cpu.waiting;
    this.parts.target.left();
    this.finished.push(io as Command);
    if (asleep) cpu.charge(this.wake);
    this.cpu.signal();
  }

  /** vhost_scsi_complete_cmd_work: all that are there, then one signal for each queue. */
  private *complete(cpu: Context): Program {
    const { format } = this.parts;
    const touched = new Set<Served>();
    for (let command = this.finished.shift(); command !== null; command = this.finished.shift()) {
      cpu.serve(command.guest.request, this.stageComplete, this.wait);
      cpu.charge(this.finish);
      yield RUN;
      command.served.queue.push(command.head, writtenOf(command, format));
      touched.add(command.served);
      this.rest.push(command);
    }
    cpu.serveNobody();
    for (const { queue, interrupt } of touched) {
      queue.flush();
      if (!queue.shouldSignal()) continue;
      this.ring.charge(cpu, queue);
      interrupt.charge(cpu);
      yield RUN;
      interrupt.raise();
    }
  }
}
