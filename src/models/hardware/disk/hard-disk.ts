/**
 * A hard disk: one arm, one command at a time, in order of arrival or as the arm passes (an elevator that sweeps one way).
 *
 *   service = overhead + seek(distance) + rotation ~ U(0, one turn) + size / rate;   seek = least + stroke × √(share of the disk)
 *
 * Simplification: what follows the last command without a gap is read ahead or gathered, and takes its transfer alone. Writes
 * are as slow as reads: the disk's own write cache is off.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Stage } from '../../../accounting/stages.ts';
import { NO_REQUEST } from '../../../accounting/timeline.ts';
import type { RandomStream } from '../../../kernel/random.ts';
import type { Handler, Simulation } from '../../../kernel/simulation.ts';
import { type BitsPerSecond, type Bytes, type Picoseconds, transferTime } from '../../../units.ts';
import { Link } from '../link.ts';
import type { BlockIo, CompletionQueue } from './block-io.ts';
import type { Disk, DiskStation } from './disk.ts';
import { Outstanding } from './outstanding.ts';

export interface HardDiskSettings {
  readonly kind: 'hard-disk';
  readonly capacity: Bytes;
  readonly queueDepth: number;
  readonly overhead: Picoseconds;
  /** Shortest seek, and what a seek over the whole disk takes besides. */
  readonly seek: Picoseconds;
  readonly stroke: Picoseconds;
  /** One turn. */
  readonly rotation: Picoseconds;
  readonly rate: BitsPerSecond;
  readonly order: 'fifo' | 'elevator';
}

export class HardDisk implements Disk {
  readonly capacity: number;
  readonly queueDepth: number;
  readonly virtual = false;
  readonly stations: readonly DiskStation[];
  private readonly sim: Simulation;
  private readonly books: Accounting;
  private readonly settings: HardDiskSettings;
  private readonly turning: RandomStream;
  private readonly arm = new Link('disk arm');
  private readonly outstanding = new Outstanding();
  /** Slots that wait, in order of arrival. */
  private readonly line: number[] = [];
  private busy = false;
  /** Where the arm is: the end of the last command, bytes. */
  private head = 0;
  private readonly waitArm: Stage;
  private readonly stage: Stage;
  private readonly finished: Handler;

  constructor(
    sim: Simulation,
    books: Accounting,
    settings: HardDiskSettings,
    random: (variate: string) => RandomStream,
  ) {
    this.sim = sim;
    this.books = books;
    this.settings = settings;
    this.capacity = settings.capacity;
    this.queueDepth = settings.queueDepth;
    this.turning = random('disk rotation');
    this.stations = [this.arm];
    this.waitArm = books.timeline.waiting('wait: disk arm');
    this.stage = books.timeline.working('disk: seek, turn and transfer');
    this.finished = sim.handler((slot) => this.finish(slot), 'disk finished');
  }

  submit(io: BlockIo, queue: CompletionQueue): void {
    this.line.push(this.outstanding.add(io, queue));
    if (!this.busy) this.start();
  }

  private start(): void {
    const { sim, line, outstanding } = this;
    const [slot] = line.splice(this.choice(), 1);
    const io = outstanding.io(slot);
    const span = this.service(io);
    this.busy = true;
    if (io.operation !== 'flush') this.head = io.offset + io.size;
    this.arm.reserve(sim.now, span);
    if (io.request !== NO_REQUEST) {
      const { timeline } = this.books;
      timeline.mark(io.request, this.waitArm.id, sim.now);
      timeline.mark(io.request, this.stage.id, sim.now + span);
    }
    sim.after(span, this.finished, slot);
  }

  /** Index into the line of whom to serve next. */
  private choice(): number {
    const { line, settings, outstanding, head } = this;
    if (settings.order === 'fifo') return 0;
    const ahead = (slot: number): number => {
      const distance = outstanding.io(slot).offset - head;
      return distance >= 0 ? distance : distance + settings.capacity;
    };
    let best = 0;
    for (let i = 1; i < line.length; i++) if (ahead(line[i]) < ahead(line[best])) best = i;
    return best;
  }

  private service({ operation, offset, size }: BlockIo): Picoseconds {
    const { settings, head } = this;
    const transfer = transferTime(size as Bytes, settings.rate);
    if (operation === 'flush') return settings.overhead;
    if (offset === head) return (settings.overhead + transfer) as Picoseconds;
    const share = Math.abs(offset - head) / settings.capacity;
    const seek = settings.seek + settings.stroke * Math.sqrt(share);
    const turn = this.turning.uniform() * settings.rotation;
    return Math.round(settings.overhead + seek + turn + transfer) as Picoseconds;
  }

  private finish(slot: number): void {
    this.busy = false;
    this.outstanding.complete(slot);
    if (!this.busy && this.line.length > 0) this.start();
  }
}
