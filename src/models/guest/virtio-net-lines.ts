/**
 * Interrupts that both queues share (drivers/virtio/virtio_pci_common.c): one MSI-X vector, or the level-triggered
 * line, whose handler first reads the ISR status, an exit that also lowers the line; and that of MMIO
 * (drivers/virtio/virtio_mmio.c), whose handler reads one register and writes another.
 */
import type { Context, Program } from '../hardware/context.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { DriverQueue } from '../virtio/driver-queue.ts';
import type { QueueVectors } from './virtio-net-vector.ts';
import type { AddLine, Ours } from './virtio-status.ts';

interface Sharing {
  readonly queue: DriverQueue;
  readonly napi: Context;
}

/**
 * vp_vring_interrupt: each queue with used buffers schedules its NAPI. One that gets its first while the handler runs
 * is left to the interrupt that follows from that.
 */
const shared = (cpu: Processor, name: string, addLine: AddLine, ours: Ours | null): QueueVectors => {
  const schedule = cpu.books.costs.cost('napi.schedule');
  const queues: Sharing[] = [];
  const handler = function* (line: InterruptLine): Program {
    yield WAIT;
    for (;;) {
      line.enter();
      const mine = ours === null || (yield* ours(line.context));
      const due = mine ? queues.filter(({ queue }) => queue.moreUsed) : [];
      if (due.length > 0) line.context.charge(schedule, due.length);
      line.leave();
      yield RUN;
      for (const { queue, napi } of due) {
        if (!queue.interrupted()) continue;
        napi.signal();
        queue.disableCallbacks();
      }
      yield WAIT;
    }
  };
  let line: InterruptLine | null = null;
  return (_queueName, queue, napi) => {
    queues.push({ queue, napi });
    line ??= addLine(name, handler);
    return line;
  };
};

/** One MSI-X vector for all queues. */
export const sharedVector = (cpu: Processor): QueueVectors =>
  shared(cpu, 'virtio-net virtqueues', (name, program) => cpu.interrupt(name, program), null);

/** The one line of a device without vectors. */
export const lineVectors = (cpu: Processor, name: string, addLine: AddLine, ours: Ours): QueueVectors =>
  shared(cpu, name, addLine, ours);
