/**
 * The host's own disk: a queue pair for each core, whose vector comes to that core, as NVMe has it.
 * Simplification: disks of other kinds are driven the same way, and take fewer I/Os at once; what PCIe adds to an I/O is part
 * of the disk's own times, which were measured through it.
 */
import type { Context } from '../../hardware/context.ts';
import type { BlockIo } from '../../hardware/disk/block-io.ts';
import type { DiskPort } from '../../hardware/disk/disk-port.ts';
import { NvmeQueue } from '../../hardware/disk/nvme-queue.ts';
import type { InterruptLine, Processor } from '../../hardware/processor.ts';
import { BlockQueue, type BlockQueueSettings } from './block-queue.ts';
import type { BlockStages } from './block-stages.ts';
import type { BufferMappings } from './buffer-mappings.ts';
import { NullBlkDriver } from './null-blk.ts';
import { NvmeDriver } from './nvme-driver.ts';

/** NVMe of Linux: entries of a queue (nvme's io_queue_depth). */
const QUEUE_DEPTH = 1024;

export interface DirectQueue {
  readonly name: string;
  readonly stages: BlockStages;
  /** Entries, where they are not Linux's. */
  readonly depth?: number | undefined;
  /** A poll queue: it has no interrupt. */
  readonly polls?: boolean | undefined;
  /** What the driver maps its buffers with. */
  readonly mappings?: BufferMappings | undefined;
  /** Of the block layer above it; Linux's own without a scheduler where not given. */
  readonly settings?: BlockQueueSettings | undefined;
  /** How the disk's message reaches its line; straight where not given. */
  readonly message?: (line: InterruptLine) => () => void;
}

const raise = (line: InterruptLine) => () => line.raise();

/** A queue of `port` whose interrupts come to `cpu`. */
export const directQueue = (cpu: Processor, port: DiskPort, terms: DirectQueue): BlockQueue => {
  const { name, stages, depth = QUEUE_DEPTH, polls, mappings, message = raise, settings } = terms;
  const queue = new NvmeQueue(Math.min(depth, port.disk.queueDepth + 1));
  const doorbell = cpu.books.costs.cost('nvme.doorbell');
  const raised = cpu.books.counters.counter('interrupts.raised', name, cpu.vm);
  const driver = new NvmeDriver(cpu, {
    queue,
    name,
    polls,
    mappings,
    stage: stages.submit,
    submission: {
      leave: (context) => context.charge(doorbell),
      act: () => {
        for (let io = queue.fetch(); io !== null; io = queue.fetch()) port.submit(io, completed);
        return null;
      },
      enter: () => {},
    },
    completion: { leave: (context) => context.charge(doorbell), act: () => null, enter: () => {} },
  });
  const interrupt = message(driver.line);
  const completed = {
    completed: (io: BlockIo): void => {
      queue.post(io);
      if (polls) return;
      raised.value++;
      interrupt();
    },
  };
  return new BlockQueue(cpu, driver, { name, stages, settings });
};

/** A queue of the kernel's own disk on `cpu`: null_blk's, or one of NVMe. */
export const kernelQueue = (cpu: Processor, port: DiskPort, terms: DirectQueue): BlockQueue => {
  if (!port.disk.virtual) return directQueue(cpu, port, terms);
  const { name, stages, depth = QUEUE_DEPTH, settings } = terms;
  const parts = { port, depth: Math.min(depth - 1, port.disk.queueDepth), stage: stages.submit };
  return new BlockQueue(cpu, new NullBlkDriver(cpu, parts), { name, stages, settings });
};

export class NativeDisk {
  readonly port: DiskPort;
  /** By the name of the core. */
  private readonly queues: ReadonlyMap<string, BlockQueue>;

  /** @param mappings of the driver on a core; undefined: it maps nothing. */
  constructor(
    cores: readonly Processor[],
    port: DiskPort,
    stages: BlockStages,
    mappings: (core: Processor) => BufferMappings | undefined,
  ) {
    this.port = port;
    this.queues = new Map(
      cores.map((core) => [
        core.name,
        kernelQueue(core, port, { name: 'host disk', stages, mappings: mappings(core) }),
      ]),
    );
  }

  /** The queue of the core that `cpu` runs on; of a vCPU in an exit, that of its thread. */
  queueOf(cpu: Context): BlockQueue {
    return this.queues.get(cpu.account.core) as BlockQueue;
  }
}
