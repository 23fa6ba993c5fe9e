/**
 * QEMU's ich9-ahci (hw/ide/ahci.c), one port: a write of PxCI starts the commands of its bits in the vCPU thread, under the big
 * lock; each that comes back clears its bit of PxSACT (or PxCI) and raises the interrupt.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { CommandSlots } from '../hardware/disk/command-slots.ts';
import { Fifo } from '../hardware/fifo.ts';
import type { Access } from '../hardware/register-port.ts';
import type { NativeDisk } from '../linux/block/native-disk.ts';
import { EmulatedDisk } from './emulated-disk.ts';
import { type DeviceModel, NOTHING_COALESCED } from './emulated-registers.ts';
import type { AioEngine } from './host-block.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';

export interface EmulatedPortParts {
  readonly slots: CommandSlots;
  readonly loop: MainLoop;
  readonly disk: NativeDisk;
  readonly engine: AioEngine;
  readonly interrupt: InterruptPath;
}

export interface AhciParts extends EmulatedPortParts {
  /** Teaching: the next command is finished only when the guest has acknowledged the last one's interrupt. */
  readonly oneCompletionPerInterrupt: boolean;
}

export class Ahci implements DeviceModel {
  readonly immediate = NOTHING_COALESCED;
  private readonly parts: AhciParts;
  private readonly disk: EmulatedDisk;
  private readonly held = new Fifo<BlockIo>();
  /** An interrupt has not been acknowledged. */
  private raised = false;
  /** Commands under way, by tag. */
  private active = 0;

  constructor(books: Accounting, parts: AhciParts) {
    this.parts = parts;
    this.disk = new EmulatedDisk(books, {
      ...parts,
      prices: { start: 'ahci.command', end: 'ahci.complete' },
      wait: 'wait: exit to QEMU',
      completed: (cpu, ios) => this.completed(cpu, ios),
    });
  }

  *read(_cpu: Context, register: string): Access<number> {
    yield RUN;
    return register === 'PxSACT' || register === 'PxCI' ? this.active : 1;
  }

  *write(cpu: Context, register: string, value: number): Access {
    yield RUN;
    if (register === 'PxCI') yield* this.start(cpu, value);
    if (register !== 'HOST_IS') return;
    this.raised = false;
    const next = this.held.shift();
    if (next !== null) yield* this.finish(cpu, next);
  }

  private *start(cpu: Context, bits: number): Access {
    const { slots } = this.parts;
    this.active += bits;
    for (let tag = 0; tag < slots.length; tag++) {
      if (Math.floor(bits / 2 ** tag) % 2 === 1) yield* this.disk.start(cpu, slots[tag] as BlockIo);
    }
  }

  private *completed(cpu: Context, ios: readonly BlockIo[]): Access {
    for (const io of ios) {
      if (this.raised && this.parts.oneCompletionPerInterrupt) this.held.push(io);
      else yield* this.finish(cpu, io);
    }
  }

  private *finish(cpu: Context, io: BlockIo): Access {
    this.raised = true;
    yield* this.disk.end(cpu, io);
    this.active -= 2 ** io.tag;
    yield* this.parts.interrupt.signal(cpu);
  }
}
