/**
 * A disk behind its host controller: no more I/Os at the disk than it takes; those beyond wait in line, whoever issued them.
 * Simplification: the line stands for the block layer's, where requests without a tag of the device wait; it is in order.
 */
import type { Accounting } from '../../../accounting/accounting.ts';
import type { Counter, Tally } from '../../../accounting/counters.ts';
import { Fifo } from '../fifo.ts';
import type { BlockIo, CompletionQueue } from './block-io.ts';
import type { Disk } from './disk.ts';

export class DiskPort {
  readonly disk: Disk;
  private readonly line = new Fifo<{ readonly io: BlockIo; readonly queue: CompletionQueue }>();
  private readonly occupancy: Tally;
  /** Writes that came after a later one of the same producer. */
  private readonly overtaken: Counter;
  /** By producer: its latest write. */
  private readonly latest: number[] = [];
  private inFlight = 0;

  constructor({ counters }: Accounting, disk: Disk) {
    this.disk = disk;
    this.overtaken = counters.counter('order.violations', '');
    this.occupancy = counters.tally('occupancy', 'disk');
  }

  submit(io: BlockIo, queue: CompletionQueue): void {
    if (io.operation === 'write') this.checkOrder(io);
    this.occupancy.add(this.inFlight + this.line.length);
    if (this.inFlight < this.disk.queueDepth) this.begin(io, queue);
    else this.line.push({ io, queue });
  }

  /** Of a merged request only its first write is known. */
  private checkOrder({ producer, sequence }: BlockIo): void {
    const latest = this.latest[producer] ?? 0;
    if (sequence < latest) this.overtaken.value++;
    else this.latest[producer] = sequence;
  }

  private begin(io: BlockIo, queue: CompletionQueue): void {
    this.inFlight++;
    this.disk.submit(io, {
      completed: (done) => {
        this.inFlight--;
        const next = this.line.shift();
        if (next !== null) this.begin(next.io, next.queue);
        queue.completed(done);
      },
    });
  }
}
