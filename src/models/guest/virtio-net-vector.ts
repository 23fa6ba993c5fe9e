/** What both queues of virtio_net share: an MSI-X vector that schedules NAPI, and used buffers that may be false. */
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import { countError } from '../virtio/device-error.ts';
import type { DriverQueue } from '../virtio/driver-queue.ts';

/** How a queue interrupts: adds one, with the NAPI to schedule. @returns the line that its interrupts come on. */
export type QueueVectors = (name: string, queue: DriverQueue, napi: Context) => InterruptLine;

/** vring_interrupt: schedules the queue's NAPI and disables its callbacks. */
export const napiVector = (
  cpu: Processor,
  name: string,
  queue: DriverQueue,
  napi: Context,
): InterruptLine => {
  const schedule = cpu.books.costs.cost('napi.schedule');
  return cpu.interrupt(name, function* (line) {
    yield WAIT;
    for (;;) {
      line.enter();
      line.context.charge(schedule);
      line.leave();
      yield RUN;
      if (queue.interrupted()) {
        napi.signal();
        queue.disableCallbacks();
      }
      yield WAIT;
    }
  });
};

/** virtqueue_get_buf, which counts the device's error that breaks the queue `name`. */
export const reapChecked = (queue: DriverQueue, { books, vm }: Processor, name: string): number => {
  const works = queue.fault === null;
  const address = queue.reap();
  if (works && queue.fault !== null) {
    countError(books.counters, vm, name, queue.fault);
  }
  return address;
};
