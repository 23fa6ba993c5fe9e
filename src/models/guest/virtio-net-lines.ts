/**
 * Interrupts that both queues share (drivers/virtio/virtio_pci_common.c): one MSI-X vector, or the level-triggered
 * line, whose handler first reads the ISR status, an exit that also lowers the line; and that of MMIO
 * (drivers/virtio/virtio_mmio.c), whose handler reads one register and writes another.
 */
import type { Context, Program } from '../hardware/context.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import type { DriverQueue } from '../virtio/driver-queue.ts';
import type { QueueVectors } from './virtio-net-vector.ts';

interface Sharing {
  readonly queue: DriverQueue;
  readonly napi: Context;
}

export type AddLine = (name: string, program: (line: InterruptLine) => Program) => InterruptLine;

/** Whether the interrupt is this device's, found out on the way into the handler; null: nobody else has the line. */
type Ours = ((cpu: Context) => Access<boolean>) | null;

/**
 * vp_vring_interrupt: each queue with used buffers schedules its NAPI. One that gets its first while the handler runs
 * is left to the interrupt that follows from that.
 */
const shared = (cpu: Processor, name: string, addLine: AddLine, ours: Ours): QueueVectors => {
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

/** vp_interrupt: the handler of INTx. @param registers those of the device, of which it reads `ISR`. */
export const intxLine = (cpu: Processor, addLine: AddLine, registers: RegisterPort): QueueVectors =>
  shared(cpu, 'virtio-net INTx', addLine, function* (context) {
    return (yield* registers.read(context, 'ISR')) !== 0;
  });

/** Bit of InterruptStatus: a queue has used buffers. */
const USED_BUFFERS = 1;

/** vm_interrupt: reads InterruptStatus, writes it to InterruptACK, then looks at all queues. */
export const mmioLine = (cpu: Processor, addLine: AddLine, registers: RegisterPort): QueueVectors =>
  shared(cpu, 'virtio-net mmio', addLine, function* (context) {
    const status = yield* registers.read(context, 'InterruptStatus');
    yield* registers.write(context, 'InterruptACK', status);
    return (status & USED_BUFFERS) !== 0;
  });
