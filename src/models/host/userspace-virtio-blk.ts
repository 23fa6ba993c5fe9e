/**
 * A virtio disk served by a monitor in user space. QEMU's virtio-blk (hw/block/virtio-blk.c), and virtio-scsi, which does not merge
 * (hw/scsi/virtio-scsi.c): what is in the ring is popped in one go, requests that lie side by side are merged, and all are submitted
 * with one system call; completions that came together are pushed one by one, with one interrupt.
 *
 *   kick, or a look ─► pop all ─► merge ─► io_submit ─► look again ─► …      completions ─► push each ─► signal?
 *
 * Firecracker (src/vmm/src/devices/virtio/block) pops one after the other and, with its Sync engine, waits for each; Cloud Hypervisor
 * (block/src, virtio-devices/src/block.rs) is like QEMU without merging. Simplification: their rings of io_uring are never full.
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
import { type RequestFormat, SCSI_FORMAT } from '../virtio/blk-request.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue, EMPTY } from '../virtio/device-queue.ts';
import type { BlockScheduler } from './block-scheduler.ts';
import type { EventLoop, Source } from './event-loop.ts';
import { type AioEngine, HostBlock, type HostIo } from './host-block.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import type { Monitor } from './monitor.ts';
import { RingCosts } from './ring-costs.ts';
import type { SharedLock } from './shared-lock.ts';
import { UsedRequests } from './used-requests.ts';
import type { HandlesOutput } from './userspace-virtio-parts.ts';

export interface UserspaceVirtioBlkParts {
  readonly vm: string;
  /** Of the device. */
  readonly name: string;
  readonly queue: DeviceQueue;
  readonly headers: RequestHeaders;
  readonly format: RequestFormat;
  readonly loop: EventLoop;
  readonly monitor: Monitor;
  readonly disk: NativeDisk;
  readonly interrupt: Interrupt;
  readonly engine: AioEngine;
  /** When it decides about an interrupt: for each request that is done, or once for those that came together. */
  readonly signal: Monitor['signal'];
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
  /** Names of its work and of the waiting before it in requests' time lines. */
  readonly stages: { readonly work: string; readonly complete: string; readonly wait: string };
}

/** Requests that are merged and submitted together (VIRTIO_BLK_MAX_MERGE_REQS; what linux-aio takes at a time is as many). */
const MERGE_MAX = 32;
const WHOLE_RING = Number.POSITIVE_INFINITY;
/** What a merged request may have: 1,280 KiB, Linux's default for a disk (BLK_DEF_MAX_SECTORS), which is below QEMU's own limit. */
const TRANSFER_MAX = 1280 * 1024;

export class UserspaceVirtioBlk {
  readonly kick: Kicked & HandlesOutput;
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
  /** Requests popped before they are submitted. */
  private readonly most: number;
  private readonly ring: RingCosts;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly pops: Counter;
  private readonly used: UsedRequests;
  private readonly source: Source;
  private broken = false;

  constructor(sim: Simulation, books: Accounting, parts: UserspaceVirtioBlkParts) {
    const { costs, timeline, counters } = books;
    const { loop, vm, stages, monitor } = parts;
    this.books = books;
    this.parts = parts;
    this.virtqueue = costs.cost(monitor.costs.virtqueue);
    this.layer = costs.cost(monitor.costs.block);
    this.scsi = parts.format === SCSI_FORMAT ? costs.cost('qemu.scsi') : null;
    this.eventfdRead = costs.cost(monitor.costs.eventfdRead);
    this.most =
      !parts.batching || parts.engine === 'sync' ? 1 : monitor.name === 'qemu' ? MERGE_MAX : WHOLE_RING;
    this.ring = new RingCosts(books);
    this.stage = timeline.working(stages.work);
    this.pops = counters.counter('virtqueue', 'pop', vm);
    this.used = new UsedRequests(sim, books, { ...parts, ring: this.ring });
    this.wait = timeline.waiting(stages.wait);
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
      // QEMU looks at io_uring's ring itself; rust-vmm has it signal an eventfd.
      eventfdRead: engine === 'io_uring' && monitor.name === 'qemu' ? null : monitor.costs.eventfdRead,
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
    const { queue, loop, batching, monitor } = this.parts;
    do {
      if (!loop.polling && monitor.suppressesKicks) queue.suppressKicks();
      for (;;) {
        const batch = yield* this.pop(cpu, this.most);
        if (batch.length === 0) break;
        yield* this.submitter.submit(cpu, this.merged(batch));
        if (batching) continue;
        this.source.raise();
        return;
      }
    } while (!this.broken && (loop.polling ? queue.availableNow : queue.allowKicks()));
    yield* this.used.settle(cpu);
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
      this.used.expect(io, head);
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
    const { vm, name, queue, monitor } = this.parts;
    this.broken = true;
    countError(this.books.counters, vm, `${monitor.name} ${name}`, queue.fault);
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
    yield* this.used.give(cpu, ios);
    // In the middle of a run others are still to come.
    if (this.parts.engine !== 'sync') yield* this.used.settle(cpu);
    if (this.scheduler !== null) yield* this.scheduler.completed(cpu, ios.length);
  }
}
