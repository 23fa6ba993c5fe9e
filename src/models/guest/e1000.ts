/** Linux's e1000 driver (drivers/net/ethernet/intel/e1000): legacy interrupt, five register accesses each. */
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { E1000_RING } from '../hardware/e1000-rings.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { descriptorsOf } from '../hardware/segmentation.ts';
import { NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import { E1000Itr } from './e1000-itr.ts';
import { EmulatedDriver, type EmulatedDriverParts } from './emulated-driver.ts';
import { Napi } from './napi.ts';
import type { Handled } from './transmit-ring.ts';

/** RDT is written after so many refilled buffers (E1000_RX_BUFFER_WRITE), and at the end of a poll. */
const RX_BUFFER_WRITE = 16;
/** A descriptor names at most 4 KiB (E1000_MAX_TXD_PWR); a packet to be cut has one more, the context. */
const PER_DESCRIPTOR = 4096;
/** The queue stops below MAX_SKB_FRAGS + 7 free descriptors and starts again at 32. */
const THRESHOLDS = {
  stopBelow: 24,
  wakeAt: 32,
  slotsOf: (size: number) => 1 + descriptorsOf(size, PER_DESCRIPTOR),
};
/** Module parameter copybreak, compared before the FCS is cut off. */
const COPYBREAK = 256;
/** All causes the driver enables (IMS_ENABLE_MASK: RXT0, TXDW, RXDMT0, RXSEQ, LSC). */
export const IMS_ENABLE_MASK = 0x9d;
const ALL = 0xffffffff;

export interface E1000Parts extends EmulatedDriverParts {
  /** INTx of the processor. */
  readonly interrupt: (name: string, program: (line: InterruptLine) => Program) => InterruptLine;
  /** Teaching: so many register writes per packet, each an exit to QEMU, and no completion interrupt; 0: Linux. */
  readonly textbookWrites: number;
}

export class E1000Driver extends EmulatedDriver {
  readonly line: InterruptLine;
  private readonly parts: E1000Parts;
  private readonly itr = new E1000Itr();
  private readonly napi: Napi;
  private rxTail = E1000_RING - 1;
  /** What the last poll cleaned and received. */
  private sent: Handled = { packets: 0, bytes: 0 };
  private received: Handled = { packets: 0, bytes: 0 };

  constructor(cpu: Processor, parts: E1000Parts) {
    super(cpu, parts, { ...THRESHOLDS, prices: 'e1000Driver', copybreak: COPYBREAK });
    this.parts = parts;
    this.napi = new Napi(cpu, 'e1000 napi', {
      poll: (context) => this.poll(context),
      completed: (context) => this.completed(context),
    });
    this.line = parts.interrupt('e1000', (line) => this.interrupted(line));
  }

  protected *ring(cpu: Context): Access {
    const { registers, textbookWrites } = this.parts;
    const { tail } = this.tx;
    // IMC = 0 masks nothing, and is never coalesced.
    for (let extra = 1; extra < textbookWrites; extra++) yield* registers.write(cpu, 'IMC', 0);
    yield cpu.call(registers.write(cpu, 'TDT', tail));
    if (textbookWrites === 0) return;
    this.tx.reap(this.stack);
    yield* this.unmapSent(cpu);
  }

  private *interrupted(line: InterruptLine): Program {
    const { registers } = this.parts;
    const cpu = line.context;
    yield WAIT;
    for (;;) {
      line.enter();
      const causes = yield* registers.read(cpu, 'ICR');
      if (causes !== 0) {
        yield* registers.write(cpu, 'IMC', ALL);
        yield* registers.read(cpu, 'STATUS');
        this.napi.chargeSchedule(cpu);
      }
      line.leave();
      yield RUN;
      if (causes !== 0) this.napi.schedule();
      yield WAIT;
    }
  }

  private *poll(cpu: Context): Access<number> {
    const { rx } = this;
    this.sent = yield* this.clean(cpu);
    this.received = { packets: 0, bytes: 0 };
    let refilled = 0;
    while (this.received.packets < NAPI_POLL_WEIGHT && rx.filled) {
      refilled += yield* rx.take(cpu, NAPI_POLL_WEIGHT - this.received.packets, this.received);
      yield RUN;
      rx.handUp(this.stack);
      if (refilled >= RX_BUFFER_WRITE) {
        yield* this.refill(cpu, refilled);
        refilled = 0;
      }
    }
    if (rx.release(cpu)) {
      yield RUN;
      rx.handUp(this.stack);
    }
    if (refilled > 0) yield* this.refill(cpu, refilled);
    return this.received.packets;
  }

  private *completed(cpu: Context): Access {
    const { registers } = this.parts;
    const itr = this.itr.update(this.sent, this.received);
    if (itr !== null) yield* registers.write(cpu, 'ITR', itr);
    yield* registers.write(cpu, 'IMS', IMS_ENABLE_MASK);
    yield* registers.read(cpu, 'STATUS');
  }

  private *refill(cpu: Context, buffers: number): Access {
    this.rxTail = (this.rxTail + buffers) % E1000_RING;
    yield* this.parts.registers.write(cpu, 'RDT', this.rxTail);
  }
}
