/** What a datapath to a disk is: parameters, and wiring from a VM's block layer to the machine's disk and back. */
import type { z } from 'zod';
import type { Placed } from '../models/hardware/busy-poll.ts';
import type { Processor } from '../models/hardware/processor.ts';
import type { BlockQueue } from '../models/linux/block/block-queue.ts';
import type { Vm, World } from './world.ts';

/** A CPU that applications run on, with the hardware queue that its I/Os go through. */
export interface DiskCpu {
  readonly processor: Processor;
  readonly queue: BlockQueue;
  /** Its poll queue, for jobs with hipri; undefined: there is none. */
  readonly pollQueue?: BlockQueue | undefined;
  /** Where its CPU is, for who spins on it. */
  readonly placed: Placed;
}

/** One VM (or bare metal) with its disk. */
export interface DiskAttachment {
  readonly cpus: readonly DiskCpu[];
  /** Bytes. */
  readonly capacity: number;
}

export interface DiskDatapath<P extends z.ZodType = z.ZodType> {
  /** Name in scenarios and results. */
  readonly kind: string;
  /** One line for `vmio list datapaths`. */
  readonly summary: string;
  /** Parameters with their defaults. */
  readonly params: P;
  build(world: World, vm: Vm, params: z.output<P>): DiskAttachment;
}

/** Types the parameters of `build` by the schema. */
export const defineDiskDatapath = <P extends z.ZodType>(datapath: DiskDatapath<P>): DiskDatapath<P> =>
  datapath;
