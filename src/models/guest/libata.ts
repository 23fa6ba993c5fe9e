/**
 * What Linux's drivers of ATA controllers have in common (drivers/ata): SCSI commands above, one lock a port, and completion of
 * whatever a driver found finished.
 *
 * Simplification: commands complete in the interrupt handler, where the SCSI layer leaves that to a softirq of the same CPU.
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { CommandSlots } from '../hardware/disk/command-slots.ts';
import type { Fifo } from '../hardware/fifo.ts';
import { IRQ_OFF } from '../hardware/mode.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { BlockDriver, Completions } from '../linux/block/block-driver.ts';
import type { BufferMappings } from '../linux/block/buffer-mappings.ts';
import type { SpinLock } from '../linux/spin-lock.ts';

export interface LibataParts {
  readonly registers: RegisterPort;
  readonly slots: CommandSlots;
  /** Behind an IOMMU; undefined: addresses are the memory's own. */
  readonly mappings?: BufferMappings | undefined;
  /** Of a port that several CPUs use. */
  readonly lock?: SpinLock | undefined;
  /** Names its interrupt. */
  readonly name: string;
  /** How it comes: by a message, or on a line. */
  interrupt(name: string, program: (line: InterruptLine) => Program): InterruptLine;
}

export abstract class LibataPort implements BlockDriver {
  readonly depth: number;
  readonly stopped = false;
  readonly polled = null;
  readonly line: InterruptLine;
  protected readonly parts: LibataParts;
  private readonly command: Cost;
  private readonly finish: Cost;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private completions!: Completions;

  constructor(cpu: Processor, parts: LibataParts) {
    const { costs, timeline } = cpu.books;
    this.parts = parts;
    this.depth = parts.slots.length;
    this.command = costs.cost('scsi.command');
    this.finish = costs.cost('scsi.done');
    this.stage = timeline.working('guest: driver');
    this.wait = timeline.waiting('wait: exit to QEMU');
    this.line = parts.interrupt(parts.name, (line) => this.interrupted(line));
  }

  attach(completions: Completions): void {
    this.completions = completions;
  }

  /** Tells the device of the command in slot `io.tag`. */
  protected abstract issue(cpu: Context, io: BlockIo): Access;

  /** Asks the device what is finished. @returns the tags. */
  protected abstract finished(cpu: Context): Access<readonly number[]>;

  /** After the commands were completed. */
  protected *acknowledge(_cpu: Context): Access {}

  /** The charges that follow are the driver's for `io`. */
  protected serve(cpu: Context, io: BlockIo): void {
    cpu.serve(io.request, this.stage, this.wait);
  }

  *dispatch(cpu: Context, ios: Fifo<BlockIo>): Program {
    const { mappings, lock } = this.parts;
    for (let io = ios.shift(); io !== null; io = ios.shift()) {
      // The port's lock is held, and interrupts are off, from here to the last register.
      const outer = cpu.mode;
      if (lock !== undefined) {
        cpu.mode = IRQ_OFF;
        yield* lock.acquire(cpu);
      }
      this.serve(cpu, io);
      cpu.charge(this.command);
      mappings?.charge(cpu, io);
      cpu.mode = IRQ_OFF;
      yield RUN;
      mappings?.map(io);
      const exits = mappings?.announce(cpu, io) ?? null;
      if (exits !== null) yield* exits;
      this.parts.slots[io.tag] = io;
      yield* this.issue(cpu, io);
      if (lock !== undefined) {
        yield RUN;
        lock.release(cpu);
      }
      cpu.mode = outer;
      cpu.serveNobody();
    }
  }

  private *interrupted(line: InterruptLine): Program {
    const { context } = line;
    const { lock } = this.parts;
    yield WAIT;
    for (;;) {
      line.enter();
      if (lock !== undefined) yield* lock.acquire(context);
      const tags = yield* this.finished(context);
      if (tags.length > 0) yield context.call(this.complete(context, tags));
      yield* this.acknowledge(context);
      if (lock !== undefined) {
        yield RUN;
        lock.release(context);
      }
      line.leave();
      yield RUN;
      yield WAIT;
    }
  }

  private *complete(cpu: Context, tags: readonly number[]): Program {
    const { completions, parts } = this;
    for (const tag of tags) {
      const io = parts.slots[tag] as BlockIo;
      completions.charge(cpu, io);
      if (parts.mappings !== undefined) yield* parts.mappings.unmap(cpu, io);
      cpu.charge(this.finish);
      yield RUN;
      parts.slots[tag] = null;
      completions.end(cpu, io);
    }
    cpu.serveNobody();
  }
}
