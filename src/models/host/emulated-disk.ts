/**
 * What QEMU's emulated disk controllers have in common: a command goes to the block layer from whatever thread runs the device, one
 * system call each, and comes back in the main loop.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import { type AioEngine, HostBlock } from './host-block.ts';
import type { MainLoop } from './main-loop.ts';

export interface EmulatedDiskParts {
  readonly loop: MainLoop;
  readonly disk: NativeDisk;
  readonly engine: AioEngine;
  /** Names of its costs per command: taking it, and completing it. */
  readonly prices: { readonly start: string; readonly end: string };
  /** Where a command waits before it is taken. */
  readonly wait: string;
  /** In the main loop: these are done. */
  completed(cpu: Context, ios: readonly BlockIo[]): Access;
}

export class EmulatedDisk {
  private readonly block: HostBlock;
  private readonly layer: Cost;
  private readonly startCost: Cost;
  private readonly endCost: Cost;
  private readonly stageSubmit: Stage;
  private readonly stageComplete: Stage;
  private readonly waitSubmit: Stage;
  private readonly waitLoop: Stage;

  constructor(books: Accounting, parts: EmulatedDiskParts) {
    const { costs, timeline } = books;
    this.layer = costs.cost('qemu.block');
    this.startCost = costs.cost(parts.prices.start);
    this.endCost = costs.cost(parts.prices.end);
    this.stageSubmit = timeline.working('qemu: submit');
    this.stageComplete = timeline.working('qemu: complete');
    this.waitSubmit = timeline.waiting(parts.wait);
    this.waitLoop = timeline.waiting('wait: QEMU main loop');
    const { disk, loop, engine } = parts;
    this.block = new HostBlock(books, {
      disk,
      loop,
      engine,
      eventfdRead: engine === 'io_uring' ? null : 'qemu.eventfdRead',
      completed: (cpu, ios) =>
        parts.completed(
          cpu,
          ios.map(({ parts: [io] }) => io),
        ),
    });
  }

  /** Reads the command, and hands it to the block layer. */
  *start(cpu: Context, io: BlockIo): Access {
    cpu.serve(io.request, this.stageSubmit, this.waitSubmit);
    cpu.charge(this.startCost);
    cpu.charge(this.layer);
    yield* this.block.submit(cpu, [this.block.request(io)]);
  }

  /** Charges and commits the end of a command. */
  *end(cpu: Context, io: BlockIo): Access {
    cpu.serve(io.request, this.stageComplete, this.waitLoop);
    cpu.charge(this.endCost);
    cpu.serveNobody();
    yield RUN;
  }
}
