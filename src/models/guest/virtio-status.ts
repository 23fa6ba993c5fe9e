/**
 * How a guest's handler finds out whether a virtio device without vectors interrupted, each access of a register an exit
 * (drivers/virtio/virtio_pci_common.c, drivers/virtio/virtio_mmio.c).
 */
import type { Context, Program } from '../hardware/context.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';

export type AddLine = (name: string, program: (line: InterruptLine) => Program) => InterruptLine;

/** Whether the interrupt is this device's, found out on the way into the handler. */
export type Ours = (cpu: Context) => Access<boolean>;

/** vp_interrupt, of INTx: reads the ISR status. */
export const isrStatus = (registers: RegisterPort): Ours =>
  function* (cpu) {
    return (yield* registers.read(cpu, 'ISR')) !== 0;
  };

/** Bit of InterruptStatus: a queue has used buffers. */
const USED_BUFFERS = 1;

/** vm_interrupt: reads InterruptStatus, writes it to InterruptACK, then looks at all queues. */
export const mmioStatus = (registers: RegisterPort): Ours =>
  function* (cpu) {
    const status = yield* registers.read(cpu, 'InterruptStatus');
    yield* registers.write(cpu, 'InterruptACK', status);
    return (status & USED_BUFFERS) !== 0;
  };
