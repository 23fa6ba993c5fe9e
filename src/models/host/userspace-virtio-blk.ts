/**
 * QEMU's virtio-blk (hw/block/virtio-blk.c), and virtio-scsi, which does not merge (hw/scsi/virtio-scsi.c): what is in the ring is popped in one go, requests that lie side by side are merged, and
 * all are submitted with one system call; completions that came together are pushed one by one, with one interrupt.
 *
 *   kick, or a look ─► pop all ─► merge ─► io_submit ─► look again ─► …      completions ─► push each ─► signal?
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import { NO_REQUEST } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { BlockIo, RequestHeaders } from '../hardware/disk/block-io.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import { type RequestFormat, SCSI_FORMAT, writtenOf } from '../virtio/blk-request.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue, EMPTY } from '../virtio/device-queue.ts';
import type { BlockScheduler } from './block-scheduler.ts';
import type { EventLoop, Source } from './event-loop.ts';
import { type AioEngine, HostBlock, type HostIo } from './host-block.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import { RingCosts } from './ring-costs.ts';
import type { SharedLock } from './shared-lock.ts';
import type { HandlesOutput } from './userspace-virtio-parts.ts';

export interface UserspaceVirtioBlkParts {
  readonly vm: string;
  /** Of the device. */
  readonly name: string;
  readonly queue: DeviceQueue;
  readonly headers: RequestHeaders;
  readonly format: RequestFormat;
  readonly loop: EventLoop;
  readonly disk: NativeDisk;
  readonly interrupt: Interrupt;
  readonly engine: AioEngine;
  /** Property `request-merging`. */
  readonly merging: boolean;
  /** Behind an IOMMU that the guest sees: charges for the translation of a request's addresses. */
  readonly translate?: ((cpu: Context, io: BlockIo) => void) | undefined;
  /** Teaching: false serves one request in a turn of the loop, so that what completes is told of at once. */
  readonly batching: boolean;
  /** Between the device and the disk; undefined: all goes to the disk at once. */
  readonly scheduler?: BlockScheduler | undefined;
  /** Teaching: taken for each request. */
  readonly shared?: SharedLock | undefined;
  /** Names of its work and of its waiting in requests' time lines. */
  readonly stages: { readonly work: string; readonly complete: string; readonly wait: string };
}

/** Requests that are merged and submitted together (VIRTIO_BLK_MAX_MERGE_REQS; what linux-aio takes at a time is as many). */
const MERGE_MAX = 32;
/** What a merged request may have: 1,280 KiB, Linux's default for a disk (BLK_DEF_MAX_SECTORS), which is below QEMU's own limit. */
const TRANSFER_MAX = 1280 * 1024;

export class UserspaceVirtioBlk {
  readonly kick: Kicked & HandlesOutput;
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly parts: UserspaceVirtioBlkParts;
  private readonly block: HostBlock;
  private readonly scheduler: BlockScheduler | null;
  private readonly submitter: Pick<HostBlock, 'submit'>;
  private readonly virtqueue: Cost;
  private readonly layer: Cost;
  /** Of the SCSI bus in QEMU; null: there is none. */
  private readonly scsi: Cost | null;
  private readonly eventfdRead: Cost;
  private readonly ring: RingCosts;
  private readonly stage: Stage;
  private readonly stageComplete: Stage;
  private readonly stageMerged: Stage;
  private readonly wait: Stage;
  private readonly pops: Counter;
  private readonly flushes: Counter;
  /** By head of the ring: whose answer it is. */
  private readonly heads = new Map<BlockIo, number>();
  private readonly source: Source;
  private broken = false;

  constructor(sim: Simulation, books: Accounting, parts: UserspaceVirtioBlkParts) {
    const { costs, timeline, counters } = books;
    const { loop, vm, stages } = parts;
    this.sim = sim;
    this.books = books;
    this.parts = parts;
    this.virtqueue = costs.cost('qemu.virtqueue');
    this.layer = costs.cost('qemu.block');
    this.scsi = parts.format === SCSI_FORMAT ? costs.cost('qemu.scsi') : null;
    this.eventfdRead = costs.cost('qemu.eventfdRead');
    this.ring = new RingCosts(books);
    this.stage = timeline.working(stages.work);
    this.stageComplete = timeline.working(stages.complete);
    this.stageMerged = timeline.working('host: merged request');
    this.wait = timeline.waiting(stages.wait);
    this.pops = counters.counter('virtqueue', 'pop', vm);
    this.flushes = counters.counter('virtqueue', 'flush', vm);
    this.source = loop.source((cpu) => this.dispatched(cpu), this.polled);
    this.kick = {
      get asleep() {
        return loop.asleep;
      },
      kick: () => this.source.raise(),
      handleOutput: (cpu) => this.handle(cpu),
    };
    const { disk, engine } = parts;
    this.block = new HostBlock(books, {
      disk,
      loop,
      engine,
      completed: (cpu, ios) => this.complete(cpu, ios),
    });
    this.scheduler = parts.scheduler ?? null;
    this.submitter = this.scheduler ?? this.block;
    parts.queue.allowKicks();
  }

  private get polled() {
    const { queue } = this.parts;
    const offered = (): boolean => !this.broken && queue.availableNow;
    return {
      begin: () => queue.suppressKicks(),
      end: () => !this.broken && queue.allowKicks(),
      get ready() {
        return offered();
      },
    };
  }

  /** By the loop: for a kick, whose eventfd is read, or because it looked. */
  private *dispatched(cpu: Context): Access {
    if (!this.parts.loop.polling) {
      cpu.charge(this.eventfdRead);
      yield RUN;
    }
    yield* this.handle(cpu);
  }

  /** virtio_blk_handle_vq. While its loop polls, kicks stay off. */
  private *handle(cpu: Context): Access {
    const { queue, loop, batching } = this.parts;
    do {
      if (!loop.polling) queue.suppressKicks();
      for (;;) {
        const batch = yield* this.pop(cpu, batching ? MERGE_MAX : 1);
        if (batch.length === 0) break;
        yield* this.submitter.submit(cpu, this.merged(batch));
        if (batching) continue;
        this.source.raise();
        return;
      }
    } while (!this.broken && (loop.polling ? queue.availableNow : queue.allowKicks()));
  }

  /** At most so many. */
  private *pop(cpu: Context, most: number): Access<BlockIo[]> {
    const { queue, headers } = this.parts;
    const batch: BlockIo[] = [];
    for (;;) {
      const head = this.broken || batch.length === most ? EMPTY : queue.pop();
      if (head === EMPTY) return batch;
      if (head === BROKEN) {
        this.fail(cpu);
        return batch;
      }
      const io = headers.get(queue.address[0]) as BlockIo;
      this.heads.set(io, head);
      this.pops.value++;
      batch.push(io);
      cpu.serve(io.request, this.stage, this.wait);
      this.ring.charge(cpu, this.parts.queue);
      this.parts.translate?.(cpu, io);
      cpu.charge(this.virtqueue);
      if (this.scsi !== null) cpu.charge(this.scsi);
      cpu.charge(this.layer);
      yield RUN;
      if (this.parts.shared !== undefined) yield* this.parts.shared.pass(cpu);
    }
  }

  /** virtio_error: nothing is popped any more. Simplification: Linux's driver takes no notice that the device needs a reset. */
  private fail(cpu: Context): void {
    const { vm, name, queue } = this.parts;
    this.broken = true;
    countError(this.books.counters, vm, `qemu ${name}`, queue.fault);
    this.ring.charge(cpu, this.parts.queue);
  }

  /** virtio_blk_submit_multireq: of requests of one direction in a row, neighbours become one request of the host. */
  private merged(batch: readonly BlockIo[]): HostIo[] {
    // A scheduler is to see each request, and to keep them in order.
    if (!this.parts.merging || this.scheduler !== null) return batch.map((io) => this.block.request(io));
    const out: HostIo[] = [];
    for (let i = 0; i < batch.length; ) {
      const from = i;
      while (i < batch.length && batch[i].operation === batch[from].operation) i++;
      out.push(...this.mergedRun([...batch.slice(from, i)].sort((a, b) => a.offset - b.offset)));
    }
    return out;
  }

  private mergedRun(sorted: readonly BlockIo[]): HostIo[] {
    const out: HostIo[] = [];
    for (const io of sorted) {
      const last = out.at(-1);
      if (
        last !== undefined &&
        io.size > 0 &&
        last.offset + last.size === io.offset &&
        last.size + io.size <= TRANSFER_MAX
      ) {
        last.size += io.size;
        last.request = NO_REQUEST;
        last.parts.push(io);
      } else out.push(this.block.request(io));
    }
    return out;
  }

  private *complete(cpu: Context, ios: readonly HostIo[]): Access {
    const { queue, interrupt } = this.parts;
    for (const { parts, request } of ios) {
      for (const io of parts) {
        // What a merged request went through is nobody's alone.
        if (request === NO_REQUEST) this.books.timeline.mark(io.request, this.stageMerged.id, this.sim.now);
        cpu.serve(io.request, this.stageComplete, this.wait);
        cpu.charge(this.virtqueue);
        yield RUN;
        queue.push(this.heads.get(io) as number, writtenOf(io, this.parts.format));
        this.heads.delete(io);
        queue.flush();
        this.flushes.value++;
      }
    }
    cpu.serveNobody();
    if (queue.shouldSignal()) {
      this.ring.charge(cpu, this.parts.queue);
      interrupt.charge(cpu);
      yield RUN;
      interrupt.raise();
    }
    if (this.scheduler !== null) yield* this.scheduler.completed(cpu, ios.length);
  }
}
