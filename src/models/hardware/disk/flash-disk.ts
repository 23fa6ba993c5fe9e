/**
 * A solid-state disk: a controller that takes one command at a time, flash dies in parallel behind channels, one interface, and a
 * buffer that writes are done in before the flash has them.
 *
 *   read:  controller ─► firmware ─► dies, one page of 4 KiB each ─► channel ─► interface
 *   write: controller ─► interface ─► firmware ─► buffer (done) ─► program, now and then after collecting garbage
 *
 * The model is the one that FEMU and NVMeVirt share (next-free times per die and channel, early completion of buffered writes).
 * Simplifications: the mapping table is in memory and writes go to the dies in turn; where a page lies is drawn at random, for
 * sequential reads the next die; trim is not modelled.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { NO_REQUEST } from '../../../accounting/timeline.ts';
import type { RandomStream } from '../../../kernel/random.ts';
import type { Handler, Simulation } from '../../../kernel/simulation.ts';
import { type BitsPerSecond, type Bytes, type Picoseconds, transferTime } from '../../../units.ts';
import { Link } from '../link.ts';
import type { BlockIo, CompletionQueue } from './block-io.ts';
import { Dies } from './dies.ts';
import type { Disk, DiskStation } from './disk.ts';
import { Outstanding } from './outstanding.ts';
import { WriteBuffer } from './write-buffer.ts';

export interface FlashSettings {
  readonly kind: 'flash';
  readonly capacity: Bytes;
  readonly queueDepth: number;
  readonly channels: number;
  /** Dies of each channel. */
  readonly dies: number;
  /** Planes of each die; each works on its own. */
  readonly planes: number;
  /** What the controller takes for a command: its most commands a second. */
  readonly command: Picoseconds;
  /** Firmware of a read and of a write, which holds up nothing but the command. */
  readonly readFirmware: Picoseconds;
  readonly writeFirmware: Picoseconds;
  /** Median of a page's read, and the standard deviation of its logarithm. */
  readonly read: Picoseconds;
  readonly readSigma: number;
  /** One program, of so many bytes. */
  readonly program: Picoseconds;
  readonly programUnit: Bytes;
  /** The interface, each way. */
  readonly readRate: BitsPerSecond;
  readonly writeRate: BitsPerSecond;
  /** The bus of a channel; null: fast enough not to matter. */
  readonly channelRate: BitsPerSecond | null;
  /** Bytes that writes may be ahead of the flash; 0: a write is done when the flash has it. */
  readonly buffer: Bytes;
  /** Bytes programmed for each byte written, in a steady state of random writes; 1: no garbage is collected. */
  readonly writeAmplification: number;
  /** Pages that are moved together when garbage is collected. */
  readonly garbagePages: number;
  /** Until a read may begin although a program is under way; null: it waits. */
  readonly suspend: Picoseconds | null;
  /** Capacitors make the buffer as safe as flash: a flush need not empty it. */
  readonly powerLossProtection: boolean;
}

/** What a die reads at once. */
const PAGE = 4096;

export class FlashDisk implements Disk {
  readonly capacity: number;
  readonly queueDepth: number;
  readonly virtual = false;
  readonly stations: readonly DiskStation[];
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly settings: FlashSettings;
  private readonly placing: RandomStream;
  private readonly reading: RandomStream;
  private readonly outstanding = new Outstanding();
  private readonly controller: Link;
  private readonly inward: Link;
  private readonly outward: Link;
  private readonly channels: readonly Link[];
  private readonly dies: Dies;
  private readonly buffer: WriteBuffer;
  private readonly stages: Readonly<
    Record<'waitController' | 'controller' | 'waitDie' | 'die' | 'waitInterface', Stage>
  > &
    Readonly<Record<'interface' | 'waitBuffer' | 'waitFlush', Stage>>;
  /** Pages of a slot's read that are still to come over their channel. */
  private readonly pagesLeft: number[] = [];
  private lastDie = 0;
  private nextSequential = -1;
  private readonly pageRead: Handler;
  private readonly pagesRead: Handler;
  private readonly written: Handler;
  private readonly finished: Handler;

  constructor(
    sim: Simulation,
    books: Accounting,
    settings: FlashSettings,
    random: (variate: string) => RandomStream,
  ) {
    const { channels, dies, planes } = settings;
    this.sim = sim;
    this.books = books;
    this.settings = settings;
    this.capacity = settings.capacity;
    this.queueDepth = settings.queueDepth;
    this.placing = random('disk place');
    this.reading = random('disk read');
    this.controller = new Link('disk controller');
    this.inward = new Link('disk interface in');
    this.outward = new Link('disk interface out');
    this.channels = Array.from({ length: channels }, (_, i) => new Link(`disk channel ${i}`));
    this.dies = new Dies(channels * dies * planes, settings);
    const { timeline } = books;
    this.stages = {
      waitController: timeline.waiting('wait: disk controller'),
      controller: timeline.working('disk: controller'),
      waitDie: timeline.waiting('wait: flash die'),
      die: timeline.working('disk: flash'),
      waitInterface: timeline.waiting('wait: disk interface'),
      interface: timeline.working('disk: interface'),
      waitBuffer: timeline.waiting('wait: write buffer'),
      waitFlush: timeline.waiting('wait: flush'),
    };
    this.buffer = new WriteBuffer(sim, this.dies, settings, random('disk garbage'));
    const { count } = this.dies;
    this.stations = [
      this.controller,
      { name: 'flash dies', busyBy: (now) => this.dies.busyBy(now) / count },
      this.inward,
      this.outward,
    ];
    this.pageRead = sim.handler((argument) => this.overChannel(argument), 'disk page read');
    this.pagesRead = sim.handler((slot) => this.overInterface(slot), 'disk pages read');
    this.written = sim.handler((slot) => this.store(slot), 'disk written');
    this.finished = sim.handler((slot) => this.outstanding.complete(slot), 'disk finished');
  }

  submit(io: BlockIo, queue: CompletionQueue): void {
    const slot = this.outstanding.add(io, queue);
    const taken = this.command(io);
    if (io.operation === 'read') this.readPages(slot, io, taken + this.settings.readFirmware);
    else if (io.operation === 'write') this.transferIn(slot, io, taken);
    else this.sim.at((taken + this.settings.writeFirmware) as Picoseconds, this.written, slot);
  }

  /** @returns when the controller has taken the command, ps. */
  private command({ request, operation }: BlockIo): number {
    const { sim, settings, stages } = this;
    const start = this.controller.reserve(sim.now, settings.command);
    const end = start + settings.command;
    if (request === NO_REQUEST) return end;
    const { timeline } = this.books;
    timeline.mark(request, stages.waitController.id, start);
    const firmware = operation === 'read' ? settings.readFirmware : 0;
    timeline.mark(request, stages.controller.id, end + firmware);
    return end;
  }

  // --- read -----------------------------------------------------------------------------------------------------

  private readPages(slot: number, io: BlockIo, ready: number): void {
    const { sim, settings, dies } = this;
    const pages = Math.max(1, Math.ceil(io.size / PAGE));
    this.pagesLeft[slot] = pages;
    let die = this.firstDie(io);
    let last = 0;
    let began = 0;
    for (let page = 0; page < pages; page++) {
      const span = Math.round(this.reading.lognormal(settings.read, settings.readSigma));
      const end = dies.read(die, ready, span);
      if (end > last) {
        last = end;
        began = dies.startedAt;
      }
      if (settings.channelRate !== null) {
        sim.at(end as Picoseconds, this.pageRead, slot * this.channels.length + (die % this.channels.length));
      }
      this.lastDie = die;
      die = (die + 1) % dies.count;
    }
    if (io.request !== NO_REQUEST) {
      const { timeline } = this.books;
      timeline.mark(io.request, this.stages.waitDie.id, began);
      timeline.mark(io.request, this.stages.die.id, last);
    }
    if (settings.channelRate === null) sim.at(last as Picoseconds, this.pagesRead, slot);
  }

  /** A read that follows the last one goes on with the next die; others begin anywhere. */
  private firstDie({ offset, size }: BlockIo): number {
    const follows = offset === this.nextSequential;
    this.nextSequential = offset + size;
    return follows ? (this.lastDie + 1) % this.dies.count : this.placing.integer(this.dies.count);
  }

  private overChannel(argument: number): void {
    const { length } = this.channels;
    const channel = argument % length;
    const slot = (argument - channel) / length;
    const { sim, settings } = this;
    const span = transferTime(PAGE as Bytes, settings.channelRate as BitsPerSecond);
    const end = this.channels[channel].reserve(sim.now, span) + span;
    if (--this.pagesLeft[slot] === 0) sim.at(end as Picoseconds, this.pagesRead, slot);
  }

  private overInterface(slot: number): void {
    const { sim, settings, stages, books } = this;
    const io = this.outstanding.io(slot);
    const span = transferTime(io.size as Bytes, settings.readRate);
    const start = this.outward.reserve(sim.now, span);
    if (io.request !== NO_REQUEST) {
      // The way over the channel is part of the wait: its bus belongs to the dies behind it.
      books.timeline.mark(io.request, stages.waitInterface.id, start);
      books.timeline.mark(io.request, stages.interface.id, start + span);
    }
    sim.at((start + span) as Picoseconds, this.finished, slot);
  }

  // --- write ----------------------------------------------------------------------------------------------------

  private transferIn(slot: number, io: BlockIo, ready: number): void {
    const { settings, stages, books } = this;
    const span = transferTime(io.size as Bytes, settings.writeRate);
    const start = this.inward.reserve(ready as Picoseconds, span);
    const end = start + span + settings.writeFirmware;
    if (io.request !== NO_REQUEST) {
      books.timeline.mark(io.request, stages.waitInterface.id, start);
      books.timeline.mark(io.request, stages.interface.id, start + span);
      books.timeline.mark(io.request, stages.controller.id, end);
    }
    this.sim.at(end as Picoseconds, this.written, slot);
  }

  /** The data is inside, or a flush has been taken. */
  private store(slot: number): void {
    const { settings, buffer } = this;
    const io = this.outstanding.io(slot);
    if (io.operation === 'flush') {
      if (settings.powerLossProtection) this.end(slot, this.stages.controller);
      else buffer.flush(() => this.end(slot, this.stages.waitFlush));
    } else if (settings.buffer === 0) this.program(slot, io);
    else buffer.admit(io.size, () => this.end(slot, this.stages.waitBuffer));
  }

  /** Without a buffer: each unit is programmed while the writer waits. */
  private program(slot: number, { size, request }: BlockIo): void {
    const { sim, settings, dies, stages } = this;
    const first = this.placing.integer(dies.count);
    let last = 0;
    let began = 0;
    for (let unit = 0; unit * settings.programUnit < size; unit++) {
      const end = dies.read((first + unit) % dies.count, sim.now, settings.program);
      if (end > last) {
        last = end;
        began = dies.startedAt;
      }
    }
    if (request !== NO_REQUEST) {
      this.books.timeline.mark(request, stages.waitDie.id, began);
      this.books.timeline.mark(request, stages.die.id, last);
    }
    sim.at(last as Picoseconds, this.finished, slot);
  }

  /** Done now; the time since the last mark was `waited`. */
  private end(slot: number, waited: Stage): void {
    const { request } = this.outstanding.io(slot);
    if (request !== NO_REQUEST) this.books.timeline.mark(request, waited.id, this.sim.now);
    this.outstanding.complete(slot);
  }
}
