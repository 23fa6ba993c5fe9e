/**
 * QEMU's nvme (hw/nvme/ctrl.c), one queue pair: a doorbell only schedules a bottom half, which fetches what is there, a system call
 * each; what has come back is posted by another bottom half, with one interrupt for all.
 *
 * With a doorbell buffer (NVM Express 1.3, command 7Ch) driver and device keep tail and head in memory, and the driver writes a
 * doorbell only if it passes the index that the device left beside it.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { NvmeQueue } from '../hardware/disk/nvme-queue.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import { EmulatedDisk } from './emulated-disk.ts';
import { type DeviceModel, NOTHING_COALESCED } from './emulated-registers.ts';
import type { Source } from './event-loop.ts';
import type { AioEngine } from './host-block.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import type { MainLoop } from './main-loop.ts';

export interface NvmeParts {
  readonly queue: NvmeQueue;
  readonly loop: MainLoop;
  readonly disk: NativeDisk;
  readonly engine: AioEngine;
  readonly interrupt: InterruptPath;
}

export class Nvme implements DeviceModel {
  readonly immediate = NOTHING_COALESCED;
  /** By ioeventfd. */
  readonly submission: Kicked;
  readonly completion: Kicked;
  private readonly parts: NvmeParts;
  private readonly disk: EmulatedDisk;
  private readonly wake: Cost;
  private readonly fetch: Source;

  constructor(books: Accounting, parts: NvmeParts) {
    const { loop } = parts;
    this.parts = parts;
    this.wake = books.costs.cost('wake.waker');
    this.fetch = loop.source((cpu) => this.fetchAll(cpu));
    const eventfdRead = books.costs.cost('qemu.eventfdRead');
    const kicked = (run: (cpu: Context) => Access): Kicked => {
      const source = loop.source(function* (cpu) {
        cpu.charge(eventfdRead);
        yield RUN;
        yield* run(cpu);
      });
      return {
        get asleep() {
          return loop.asleep;
        },
        kick: () => source.raise(),
      };
    };
    this.submission = kicked((cpu) => this.fetchAll(cpu));
    this.completion = kicked(function* () {});
    this.disk = new EmulatedDisk(books, {
      ...parts,
      prices: { start: 'qemuNvme.command', end: 'qemuNvme.complete' },
      wait: 'wait: QEMU main loop',
      completed: (cpu, ios) => this.post(cpu, ios),
    });
  }

  *read(): Access<number> {
    yield RUN;
    return 0;
  }

  /** nvme_process_db, in the vCPU thread. */
  *write(cpu: Context, register: string): Access {
    yield RUN;
    if (!register.startsWith('SQ') || !this.fetch.raise()) return;
    // qemu_bh_schedule from another thread than the loop's own wakes it.
    cpu.charge(this.wake);
    yield RUN;
  }

  /** nvme_process_sq: until there is nothing; then the driver is asked for the next doorbell. */
  private *fetchAll(cpu: Context): Access {
    const { queue } = this.parts;
    do {
      for (let io = queue.fetch(); io !== null; io = queue.fetch()) yield* this.disk.start(cpu, io);
    } while (queue.allowSubmissionDoorbell());
  }

  /** nvme_post_cqes. */
  private *post(cpu: Context, ios: readonly BlockIo[]): Access {
    const { queue, interrupt } = this.parts;
    for (const io of ios) {
      yield* this.disk.end(cpu, io);
      queue.post(io);
    }
    queue.allowCompletionDoorbell();
    yield* interrupt.signal(cpu);
  }
}
