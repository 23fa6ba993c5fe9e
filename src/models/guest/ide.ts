/**
 * Linux's ata_piix driver (drivers/ata/libata-sff.c) with bus-master DMA: one command at a time, 26 port accesses each, and
 * 30.8 us of busy waiting while it issues one. Beyond 2^28 sectors (LBA48) five more.
 *
 *   select: STATUS, DEVICE, ALTSTATUS, STATUS │ task file: FEAT NSECT LBAL LBAM LBAH DEVICE, STATUS
 *   DMA: BM_PRDT, BM_CMD ×2, CMD, ALTSTATUS │ start: BM_CMD ×2
 *   interrupt: BM_STATUS, BM_CMD ×2, ALTSTATUS ×2, STATUS, BM_STATUS ×2
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Context } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { type LibataParts, LibataPort } from './libata.ts';

const SECTOR = 512;
/** What a 28-bit address and a count of one byte reach (lba_28_ok). */
const LBA28_SECTORS = 2 ** 28;
const LBA28_COUNT = 256;
/** Bits of the bus master's command register. */
const BM_START = 1;
const BM_READ = 8;

/** The task file's registers, low bytes; LBA48 writes five of them twice. */
const TASK_FILE = ['FEAT', 'NSECT', 'LBAL', 'LBAM', 'LBAH'] as const;

export interface IdeParts extends LibataParts {
  /** It waits as libata does; teaching: false. */
  readonly libataDelays: boolean;
}

export class IdeDriver extends LibataPort {
  private readonly delay: Cost;
  private readonly pause: Cost;

  private readonly delays: boolean;

  constructor(cpu: Processor, parts: IdeParts) {
    super(cpu, parts);
    const { costs } = cpu.books;
    this.delays = parts.libataDelays;
    this.delay = costs.cost('libata.delay');
    this.pause = costs.cost('libata.pause');
  }

  /** ata_wait_idle: looks at the status after 10 us, not before. */
  private *waitIdle(cpu: Context, io: BlockIo): Access {
    this.serve(cpu, io);
    if (this.delays) cpu.charge(this.delay);
    yield* this.parts.registers.read(cpu, 'CMD/STATUS');
    this.serve(cpu, io);
  }

  /** ata_sff_pause: a read that flushes the writes, and 400 ns. */
  private *flushWrites(cpu: Context, io: BlockIo): Access {
    yield* this.parts.registers.read(cpu, 'ALTSTATUS/CTL');
    this.serve(cpu, io);
    if (this.delays) cpu.charge(this.pause);
  }

  private *write(cpu: Context, io: BlockIo, register: string, value = 0): Access {
    yield* this.parts.registers.write(cpu, register, value);
    this.serve(cpu, io);
  }

  protected *issue(cpu: Context, io: BlockIo): Access {
    const { registers } = this.parts;
    const end = (io.offset + io.size) / SECTOR;
    const far = end > LBA28_SECTORS || io.size / SECTOR > LBA28_COUNT;
    yield* this.waitIdle(cpu, io);
    yield* this.write(cpu, io, 'DEVICE');
    yield* this.flushWrites(cpu, io);
    yield* this.waitIdle(cpu, io);
    for (const register of far ? [...TASK_FILE, ...TASK_FILE] : TASK_FILE)
      yield* this.write(cpu, io, register);
    yield* this.write(cpu, io, 'DEVICE');
    yield* this.waitIdle(cpu, io);
    const direction = io.operation === 'read' ? BM_READ : 0;
    if (io.operation !== 'flush') {
      yield* this.write(cpu, io, 'BM_PRDT');
      yield* registers.read(cpu, 'BM_CMD');
      this.serve(cpu, io);
      yield* this.write(cpu, io, 'BM_CMD', direction);
    }
    yield* this.write(cpu, io, 'CMD/STATUS', io.operation === 'flush' ? FLUSH_CACHE : DMA);
    yield* this.flushWrites(cpu, io);
    if (io.operation === 'flush') return;
    yield* registers.read(cpu, 'BM_CMD');
    this.serve(cpu, io);
    yield* registers.write(cpu, 'BM_CMD', direction + BM_START);
  }

  /** An access in the interrupt handler, which is for the only command there is. */
  private *look(cpu: Context, io: BlockIo, register: string): Access {
    this.serve(cpu, io);
    yield* this.parts.registers.read(cpu, register);
  }

  protected *finished(cpu: Context): Access<readonly number[]> {
    const { registers, slots } = this.parts;
    const [io] = slots;
    if (io === null) {
      yield* registers.read(cpu, 'BM_STATUS');
      return [];
    }
    yield* this.look(cpu, io, 'BM_STATUS');
    if (io.operation !== 'flush') {
      yield* this.look(cpu, io, 'BM_CMD');
      yield* this.write(cpu, io, 'BM_CMD');
      yield* this.look(cpu, io, 'ALTSTATUS/CTL');
    }
    yield* this.look(cpu, io, 'ALTSTATUS/CTL');
    yield* this.look(cpu, io, 'CMD/STATUS');
    yield* this.look(cpu, io, 'BM_STATUS');
    yield* this.write(cpu, io, 'BM_STATUS');
    return [0];
  }
}

/** Commands of the task file, as far as the device must tell them apart. */
const DMA = 0xc8;
const FLUSH_CACHE = 0xe7;
