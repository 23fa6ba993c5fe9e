/**
 * Linux's ahci driver (drivers/ata/libahci.c) with NCQ: two register writes start a command, and each interrupt takes five
 * accesses, however many commands have finished since.
 *
 *   issue:     write PxSACT, write PxCI                            (a flush is not queued: PxCI alone)
 *   interrupt: read HOST_IS, read PxIS, write PxIS, read PxSACT (or PxCI) ─► complete ─► write HOST_IS
 */
import type { Context } from '../hardware/context.ts';
import type { BlockIo } from '../hardware/disk/block-io.ts';
import type { Access } from '../hardware/register-port.ts';
import { LibataPort } from './libata.ts';

const bit = (tag: number): number => 2 ** tag;

export class AhciDriver extends LibataPort {
  /** Commands under way, by tag. */
  private active = 0;

  protected *issue(cpu: Context, io: BlockIo): Access {
    const { registers } = this.parts;
    this.active += bit(io.tag);
    if (io.operation !== 'flush') {
      yield* registers.write(cpu, 'PxSACT', bit(io.tag));
      this.serve(cpu, io);
    }
    yield* registers.write(cpu, 'PxCI', bit(io.tag));
  }

  protected *finished(cpu: Context): Access<readonly number[]> {
    const { registers, slots } = this.parts;
    yield* registers.read(cpu, 'HOST_IS');
    const status = yield* registers.read(cpu, 'PxIS');
    yield* registers.write(cpu, 'PxIS', status);
    const queued = slots.some((io) => io !== null && io.operation !== 'flush');
    const still = yield* registers.read(cpu, queued ? 'PxSACT' : 'PxCI');
    const done: number[] = [];
    for (let tag = 0; tag < slots.length; tag++) {
      const mine = Math.floor(this.active / bit(tag)) % 2 === 1;
      if (mine && Math.floor(still / bit(tag)) % 2 === 0) done.push(tag);
    }
    for (const tag of done) this.active -= bit(tag);
    return done;
  }

  protected override *acknowledge(cpu: Context): Access {
    yield* this.parts.registers.write(cpu, 'HOST_IS', 1);
  }
}
