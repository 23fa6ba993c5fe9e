/**
 * Linux's e1000e driver with MSI-X (drivers/net/ethernet/intel/e1000e/netdev.c, 6.1), for the 82574L: three vectors, of
 * which the one for link changes and other causes is idle. No register is ever read. Simplifications: the watchdog, which
 * reads the statistics and sets ICS every two seconds, is left out; what the transmit vector cleans is free at once, where
 * Linux leaves it to the NET_TX softirq.
 */
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { RX_RING, RXQ0, TX_DESCRIPTORS, TXQ0 } from '../hardware/e1000e-rings.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { descriptorsOf } from '../hardware/segmentation.ts';
import { NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import { E1000Itr } from './e1000-itr.ts';
import { EmulatedDriver, type EmulatedDriverParts } from './emulated-driver.ts';
import { Napi } from './napi.ts';
import type { Handled } from './transmit-ring.ts';

/** Buffers are refilled so many at a time, and at the end of a poll; RDT is written where their number is a multiple. */
const RX_BUFFER_WRITE = 16;
/** RDT after e1000e_open: 255 buffers are filled, the last multiple of 16 announced. */
export const FIRST_RDT = 240;
/** A descriptor names at most tx_fifo_limit bytes: the transmit FIFO of 20 KiB less 96, recalled. */
const PER_DESCRIPTOR = 20_384;
/** The queue stops below MAX_SKB_FRAGS + 2 = 19 free descriptors and starts again at 32 (TX_WAKE_THRESHOLD), in pairs. */
const THRESHOLDS = {
  stopBelow: 9,
  wakeAt: 16,
  slotsOf: (size: number) => Math.ceil((1 + descriptorsOf(size, PER_DESCRIPTOR)) / TX_DESCRIPTORS),
};
/** e1000_clean_rx_irq unmaps each buffer before it looks at copybreak, and the refill maps it again, or another. */
const COPYBREAK = 0;

export class E1000eDriver extends EmulatedDriver {
  readonly rxLine: InterruptLine;
  readonly txLine: InterruptLine;
  private readonly parts: EmulatedDriverParts;
  private readonly itr = new E1000Itr();
  private readonly napi: Napi;
  /** What the last transmit interrupt cleaned, and what was received since the last one that scheduled NAPI. */
  private sent: Handled = { packets: 0, bytes: 0 };
  private received: Handled = { packets: 0, bytes: 0 };
  /** A new EITR for the next receive interrupt to write, or null. */
  private eitr: number | null = null;
  /** The next buffer to refill; one stays empty. */
  private refill = RX_RING - 1;

  constructor(cpu: Processor, parts: EmulatedDriverParts) {
    super(cpu, parts, { ...THRESHOLDS, prices: 'e1000eDriver', copybreak: COPYBREAK });
    this.parts = parts;
    this.napi = new Napi(cpu, 'e1000e napi', {
      poll: (context) => this.poll(context),
      completed: (context) => this.completed(context),
    });
    this.rxLine = cpu.interrupt('e1000e rx', (line) => this.receiveInterrupt(line));
    this.txLine = cpu.interrupt('e1000e tx', (line) => this.transmitInterrupt(line));
  }

  protected ring(cpu: Context): Access {
    return this.parts.registers.write(cpu, 'TDT', this.tx.tail * TX_DESCRIPTORS);
  }

  /** e1000_intr_msix_tx: cleans in the interrupt itself, and unmasks its cause, which had masked itself. */
  private *transmitInterrupt(line: InterruptLine): Program {
    const cpu = line.context;
    yield WAIT;
    for (;;) {
      line.enter();
      yield RUN;
      this.sent = yield* this.clean(cpu);
      yield* this.parts.registers.write(cpu, 'IMS', TXQ0);
      line.leave();
      yield RUN;
      yield WAIT;
    }
  }

  /** e1000_intr_msix_rx: writes the EITR that the last poll asked for. */
  private *receiveInterrupt(line: InterruptLine): Program {
    const cpu = line.context;
    yield WAIT;
    for (;;) {
      line.enter();
      if (this.eitr !== null) {
        const { eitr } = this;
        this.eitr = null;
        yield* this.parts.registers.write(cpu, 'EITR0', eitr);
      }
      this.napi.chargeSchedule(cpu);
      line.leave();
      yield RUN;
      if (this.napi.schedule()) this.received = { packets: 0, bytes: 0 };
      yield WAIT;
    }
  }

  /** e1000_clean_rx_irq. @returns how many were received. */
  private *poll(cpu: Context): Access<number> {
    const { rx } = this;
    let taken = 0;
    let cleaned = 0;
    while (taken < NAPI_POLL_WEIGHT && rx.filled) {
      const group = yield* rx.take(cpu, NAPI_POLL_WEIGHT - taken, this.received);
      taken += group;
      cleaned += group;
      yield RUN;
      rx.handUp(this.stack);
      if (cleaned >= RX_BUFFER_WRITE) {
        yield* this.refillBuffers(cpu, cleaned);
        cleaned = 0;
      }
    }
    if (rx.release(cpu)) {
      yield RUN;
      rx.handUp(this.stack);
    }
    yield* this.refillBuffers(cpu, cleaned);
    return taken;
  }

  /** e1000_alloc_rx_buffers: RDT goes to every 16th buffer, whichever poll fills it. */
  private *refillBuffers(cpu: Context, count: number): Access {
    for (let i = 0; i < count; i++) {
      const buffer = this.refill;
      this.refill = (buffer + 1) % RX_RING;
      if (buffer % RX_BUFFER_WRITE === 0) yield* this.parts.registers.write(cpu, 'RDT', buffer);
    }
  }

  /** e1000e_poll, NAPI being complete: the throttle rate of the next interrupts, and the cause that had masked itself. */
  private *completed(cpu: Context): Access {
    this.eitr = this.itr.update(this.sent, this.received) ?? this.eitr;
    yield* this.parts.registers.write(cpu, 'IMS', RXQ0);
  }
}
