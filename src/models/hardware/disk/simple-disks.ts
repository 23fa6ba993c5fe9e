/** Disks whose service is one formula: `null_blk`, which measures what is above it, and one serial server. */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { NO_REQUEST } from '../../../accounting/timeline.ts';
import type { Handler, Simulation } from '../../../kernel/simulation.ts';
import { type BitsPerSecond, type Bytes, type Picoseconds, transferTime } from '../../../units.ts';
import { Link } from '../link.ts';
import type { BlockIo, CompletionQueue } from './block-io.ts';
import type { Disk, DiskStation } from './disk.ts';
import { Outstanding } from './outstanding.ts';

/** Parameters of Linux's null_blk by their real names: nothing is transferred, any number of I/Os at once. */
export interface NullSettings {
  readonly kind: 'null';
  readonly capacity: Bytes;
  readonly queueDepth: number;
  /** `completion_nsec`, of irqmode 2 (timer); 0: done at once. */
  readonly completion: Picoseconds;
}

export interface SerialSettings {
  readonly kind: 'serial';
  readonly capacity: Bytes;
  readonly queueDepth: number;
  readonly command: Picoseconds;
  readonly rate: BitsPerSecond;
}

export class NullDisk implements Disk {
  readonly capacity: number;
  readonly queueDepth: number;
  readonly virtual = true;
  readonly stations: readonly DiskStation[] = [];
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly completion: Picoseconds;
  private readonly outstanding = new Outstanding();
  private readonly stage: Stage;
  private readonly finished: Handler;

  constructor(sim: Simulation, books: Accounting, settings: NullSettings) {
    this.sim = sim;
    this.books = books;
    this.capacity = settings.capacity;
    this.queueDepth = settings.queueDepth;
    this.completion = settings.completion;
    this.stage = books.timeline.working('disk: null');
    this.finished = sim.handler((slot) => this.outstanding.complete(slot), 'disk finished');
  }

  submit(io: BlockIo, queue: CompletionQueue): void {
    const { sim, completion } = this;
    if (completion === 0) {
      queue.completed(io);
      return;
    }
    if (io.request !== NO_REQUEST) {
      this.books.timeline.mark(io.request, this.stage.id, sim.now + completion);
    }
    sim.after(completion, this.finished, this.outstanding.add(io, queue));
  }
}

/** One command at a time in order of arrival: a fixed time each, and its transfer. */
export class SerialDisk implements Disk {
  readonly capacity: number;
  readonly queueDepth: number;
  readonly virtual = false;
  readonly stations: readonly DiskStation[];
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly settings: SerialSettings;
  private readonly server = new Link('disk');
  private readonly outstanding = new Outstanding();
  private readonly wait: Stage;
  private readonly stage: Stage;
  private readonly finished: Handler;

  constructor(sim: Simulation, books: Accounting, settings: SerialSettings) {
    this.sim = sim;
    this.books = books;
    this.settings = settings;
    this.capacity = settings.capacity;
    this.queueDepth = settings.queueDepth;
    this.stations = [this.server];
    this.wait = books.timeline.waiting('wait: disk');
    this.stage = books.timeline.working('disk: serve');
    this.finished = sim.handler((slot) => this.outstanding.complete(slot), 'disk finished');
  }

  submit(io: BlockIo, queue: CompletionQueue): void {
    const { sim, settings, books } = this;
    const span = (settings.command + transferTime(io.size as Bytes, settings.rate)) as Picoseconds;
    const start = this.server.reserve(sim.now, span);
    if (io.request !== NO_REQUEST) {
      books.timeline.mark(io.request, this.wait.id, start);
      books.timeline.mark(io.request, this.stage.id, start + span);
    }
    sim.at((start + span) as Picoseconds, this.finished, this.outstanding.add(io, queue));
  }
}
