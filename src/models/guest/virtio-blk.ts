/**
 * Linux's virtio_blk (drivers/block/virtio_blk.c), one of its queues: requests of a batch are added one after the other, and the
 * device is kicked once for them; the interrupt handler takes used buffers until there are none. virtio_scsi does the same below the
 * SCSI layer, with longer headers (and since 5.x with one kick for a batch).
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { Fifo } from '../hardware/fifo.ts';
import { IRQ_OFF } from '../hardware/mode.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import type { BlockDriver, Completions, PolledCompletions } from '../linux/block/block-driver.ts';
import type { SpinLock } from '../linux/spin-lock.ts';
import { piecesOfRequest, type RequestFormat, SCSI_FORMAT } from '../virtio/blk-request.ts';
import { type DriverQueue, NOTHING } from '../virtio/driver-queue.ts';
import { BUFFER_SIZE } from '../virtio/guest-memory.ts';
import type { VirtioBlkOptions, VirtioBlkParts } from './virtio-blk-parts.ts';
import { reapChecked } from './virtio-net-vector.ts';

/** Behind the header of a request: its table of descriptors, if that is an indirect one. */
const TABLE_OFFSET = 256;

export class VirtioBlk implements BlockDriver {
  readonly depth: number;
  readonly polled: PolledCompletions | null;
  readonly line: InterruptLine;
  stopped = false;
  private readonly cpu: Processor;
  private readonly parts: VirtioBlkParts;
  private readonly queue: DriverQueue;
  private readonly format: RequestFormat;
  private readonly indirect: boolean;
  /** Of the SCSI layer; null: there is none. */
  private readonly command: Cost | null;
  private readonly commandDone: Cost | null;
  private readonly addCost: Cost;
  private readonly descriptorCost: Cost;
  private readonly completeCost: Cost;
  private readonly ringLine: Cost;
  private readonly stage: Stage;
  private readonly wait: Stage;
  /** Of the first request of a batch. */
  private readonly waitLock: Stage;
  /** By tag. */
  private readonly headerAt: readonly number[];
  private readonly inRing: (BlockIo | null)[];
  private completions!: Completions;

  constructor(cpu: Processor, parts: VirtioBlkParts, { indirect, format, polls = false }: VirtioBlkOptions) {
    const { costs, timeline } = cpu.books;
    this.cpu = cpu;
    this.parts = parts;
    this.format = format;
    this.indirect = indirect;
    const scsi = format === SCSI_FORMAT;
    this.command = scsi ? costs.cost('scsi.command') : null;
    this.commandDone = scsi ? costs.cost('scsi.done') : null;
    const { size } = parts.virtqueue;
    // Without indirect tables a request takes several descriptors: half as many tags (virtblk_probe).
    this.depth = indirect ? size : size / 2;
    this.queue = parts.virtqueue.driver({ indirect, rearmsWhileReaping: false });
    this.addCost = costs.cost('virtioBlk.add');
    this.descriptorCost = costs.cost('virtioBlk.descriptor');
    this.completeCost = costs.cost('virtioBlk.complete');
    this.ringLine = costs.cost('ring.line');
    this.stage = timeline.working('guest: driver');
    this.wait = timeline.waiting('wait: processor');
    this.waitLock = parts.lock === undefined ? this.wait : timeline.waiting('wait: queue lock');
    this.headerAt = Array.from({ length: this.depth }, () => this.roomForHeader());
    this.inRing = new Array(this.depth).fill(null);
    const { queue } = this;
    this.polled = polls
      ? {
          get ready() {
            return queue.moreUsed;
          },
          take: (context) => this.takePolled(context),
          watch: (look) => parts.virtqueue.pollUsed(look),
        }
      : null;
    if (polls) queue.disableCallbacks();
    const { addLine } = parts.lines ?? {
      addLine: (name: string, program: (line: InterruptLine) => Program) => cpu.interrupt(name, program),
    };
    this.line = addLine(parts.name, (line) => this.interrupted(line));
  }

  /** A header, and behind it the longest table. */
  private roomForHeader(): number {
    const { memory } = this.parts;
    const first = memory.allocate();
    for (let room = BUFFER_SIZE; room < 2 * BUFFER_SIZE + TABLE_OFFSET; room += BUFFER_SIZE)
      memory.allocate();
    return first;
  }

  attach(completions: Completions): void {
    this.completions = completions;
  }

  *dispatch(cpu: Context, ios: Fifo<BlockIo>): Program {
    const { queue, stage } = this;
    let wait = this.waitLock;
    const { kick, mappings, lock } = this.parts;
    // The queue's lock is held, and interrupts are off, until all are added; the device is told after that.
    const outer = cpu.mode;
    cpu.mode = IRQ_OFF;
    if (lock !== undefined) yield* lock.acquire(cpu);
    for (let io = ios.peek(); io !== null; io = ios.peek()) {
      const pieces = piecesOfRequest(io, this.headerAt[io.tag], this.format);
      cpu.serve(io.request, stage, wait);
      wait = this.wait;
      this.chargeLines(cpu);
      if (this.command !== null) cpu.charge(this.command);
      cpu.charge(this.addCost);
      cpu.charge(this.descriptorCost, pieces.length);
      // Header, status and, where there is one, the table of descriptors are mapped like the data.
      const others = 2 + (this.indirect ? 1 : 0);
      mappings?.charge(cpu, io, others);
      yield RUN;
      mappings?.map(io, others);
      const exits = mappings?.announce(cpu, io) ?? null;
      if (exits !== null) yield* exits;
      if (!this.add(io, pieces)) {
        // The ring is full: the device is told, and the queue runs again from the completion handler.
        this.stopped = true;
        if (mappings !== undefined) yield* mappings.unmap(cpu, io);
        break;
      }
      ios.shift();
    }
    const tell = queue.kickPrepare();
    if (lock !== undefined) {
      lock.release(cpu);
      // Another vCPU's kick may lead the device to it first: this one holds up nobody.
      cpu.serveNobody();
    }
    cpu.mode = outer;
    if (!tell) return;
    kick.leave(cpu);
    yield RUN;
    const work = kick.act(cpu);
    if (work !== null) yield cpu.call(work);
    cpu.serveNobody();
    kick.enter(cpu);
  }

  private add(io: BlockIo, pieces: ReturnType<typeof piecesOfRequest>): boolean {
    const { headers } = this.parts;
    const header = this.headerAt[io.tag];
    headers.set(header, io);
    if (!this.queue.add(pieces, io.tag, header + TABLE_OFFSET)) return false;
    this.inRing[io.tag] = io;
    return true;
  }

  /** What it took to read the ring since the last call. */
  private chargeLines(cpu: Context): void {
    const lines = this.queue.takeLines();
    if (lines > 0) cpu.charge(this.ringLine, lines);
  }

  /** vring_interrupt, virtblk_done. */
  private *interrupted(line: InterruptLine): Program {
    const { context } = line;
    const { lines } = this.parts;
    yield WAIT;
    for (;;) {
      line.enter();
      yield RUN;
      const ours = lines === undefined || (yield* lines.ours(context));
      if (ours && this.queue.interrupted()) yield context.call(this.taking(context));
      line.leave();
      yield RUN;
      yield WAIT;
    }
  }

  private taking(cpu: Context): Program {
    const { lock } = this.parts;
    return lock === undefined ? this.takeUsed(cpu) : this.takeLocked(cpu, lock);
  }

  /**
   * Of a queue that CPUs share: all are taken under its lock, and completed behind it (blk_mq_raise_softirq). Simplification: in the
   * interrupt, where Linux's softirq follows it; and not on the CPU that submitted, since all of a guest's share a cache.
   */
  private *takeLocked(cpu: Context, lock: SpinLock): Program {
    const { queue, completions, inRing, commandDone } = this;
    const { mappings } = this.parts;
    const taken: BlockIo[] = [];
    cpu.serveNobody();
    yield* lock.acquire(cpu);
    do {
      queue.disableCallbacks();
      for (let tag = this.reap(); tag !== NOTHING; tag = this.reap()) {
        const io = inRing[tag] as BlockIo;
        inRing[tag] = null;
        this.chargeLines(cpu);
        if (commandDone !== null) cpu.charge(commandDone);
        if (mappings !== undefined) yield* mappings.unmap(cpu, io);
        cpu.charge(this.completeCost);
        yield RUN;
        taken.push(io);
      }
    } while (queue.enableCallbacks());
    lock.release(cpu);
    for (const io of taken) {
      completions.charge(cpu, io);
      yield RUN;
      completions.end(cpu, io);
    }
    this.restart(cpu, taken.length);
  }

  private *takeUsed(cpu: Context): Program {
    const { queue } = this;
    let taken = 0;
    do {
      queue.disableCallbacks();
      taken += yield* this.drain(cpu);
    } while (queue.enableCallbacks());
    this.restart(cpu, taken);
  }

  /** virtblk_poll. */
  private *takePolled(cpu: Context): Program {
    this.restart(cpu, yield* this.drain(cpu));
  }

  private restart(cpu: Context, taken: number): void {
    cpu.serveNobody();
    if (taken === 0 || !this.stopped) return;
    this.stopped = false;
    this.completions.restarted();
  }

  /** Takes used buffers until there are none. @returns how many. */
  private *drain(cpu: Context): Access<number> {
    const { completions, inRing } = this;
    const { mappings } = this.parts;
    let taken = 0;
    for (let tag = this.reap(); tag !== NOTHING; tag = this.reap()) {
      const io = inRing[tag] as BlockIo;
      inRing[tag] = null;
      completions.charge(cpu, io);
      this.chargeLines(cpu);
      if (this.commandDone !== null) cpu.charge(this.commandDone);
      if (mappings !== undefined) yield* mappings.unmap(cpu, io);
      cpu.charge(this.completeCost);
      yield RUN;
      completions.end(cpu, io);
      taken++;
    }
    return taken;
  }

  private reap(): number {
    return reapChecked(this.queue, this.cpu, this.parts.name);
  }
}
