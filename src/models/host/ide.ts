/**
 * QEMU's piix3-ide (hw/ide): every port access is an exit under the big lock. A command waits for the bus master, whose start sends it
 * to the block layer in the vCPU thread; when it is back, the main loop raises the line.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { Access } from '../hardware/register-port.ts';
import type { EmulatedPortParts } from './ahci.ts';
import { EmulatedDisk } from './emulated-disk.ts';
import { type DeviceModel, NOTHING_COALESCED } from './emulated-registers.ts';

/** Bit of the bus master's command register, and commands of the task file (ATA8-ACS). */
const BM_START = 1;
const FLUSH_CACHE = 0xe7;

export class Ide implements DeviceModel {
  readonly immediate = NOTHING_COALESCED;
  private readonly parts: EmulatedPortParts;
  private readonly disk: EmulatedDisk;

  constructor(books: Accounting, parts: EmulatedPortParts) {
    this.parts = parts;
    this.disk = new EmulatedDisk(books, {
      ...parts,
      prices: { start: 'ide.command', end: 'ide.complete' },
      wait: 'wait: exit to QEMU',
      completed: (cpu, ios) => this.completed(cpu, ios),
    });
  }

  *read(): Access<number> {
    yield RUN;
    return 0;
  }

  *write(cpu: Context, register: string, value: number): Access {
    yield RUN;
    const starts =
      register === 'BM_CMD' ? (value & BM_START) !== 0 : value === FLUSH_CACHE && register === 'CMD/STATUS';
    if (starts) yield* this.disk.start(cpu, this.parts.slots[0] as BlockIo);
  }

  private *completed(cpu: Context, ios: readonly BlockIo[]): Access {
    for (const io of ios) {
      yield* this.disk.end(cpu, io);
      yield* this.parts.interrupt.signal(cpu);
    }
  }
}
