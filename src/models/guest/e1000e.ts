/**
 * Linux's e1000e driver with MSI-X (drivers/net/ethernet/intel/e1000e/netdev.c, 6.1), for the 82574L: three vectors, of
 * which the one for link changes and other causes is idle. No register is ever read. Simplifications: the watchdog, which
 * reads the statistics and sets ICS every two seconds, is left out; what the transmit vector cleans is free at once, where
 * Linux leaves it to the NET_TX softirq.
 */
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import { RX_RING, RXQ0, TX_DESCRIPTORS, TXQ0 } from '../hardware/e1000e-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access, RegisterPort } from '../hardware/register-port.ts';
import { NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';
import { E1000Itr } from './e1000-itr.ts';
import { Napi } from './napi.ts';
import { ReceiveRing } from './receive-ring.ts';
import { type Handled, TransmitRing } from './transmit-ring.ts';

/** Buffers are refilled so many at a time, and at the end of a poll; RDT is written where their number is a multiple. */
const RX_BUFFER_WRITE = 16;
/** RDT after e1000e_open: 255 buffers are filled, the last multiple of 16 announced. */
export const FIRST_RDT = 240;
/** The queue stops below MAX_SKB_FRAGS + 2 = 19 free descriptors and starts again at 32 (TX_WAKE_THRESHOLD), in pairs. */
const THRESHOLDS = { stopBelow: 9, wakeAt: 16 };

export interface E1000eParts {
  readonly rings: DescriptorRings;
  readonly registers: RegisterPort;
  readonly packets: Packets;
  readonly stackRx: Cost;
}

export class E1000eDriver implements NetDevice {
  readonly doorbell: Doorbell;
  readonly rxLine: InterruptLine;
  readonly txLine: InterruptLine;
  private readonly parts: E1000eParts;
  private readonly itr = new E1000Itr();
  private readonly txCost: Cost;
  private readonly cleanCost: Cost;
  private readonly napi: Napi;
  private readonly tx: TransmitRing;
  private readonly rx: ReceiveRing;
  private stack!: Stack;
  /** What the last transmit interrupt cleaned, and what was received since the last one that scheduled NAPI. */
  private sent: Handled = { packets: 0, bytes: 0 };
  private received: Handled = { packets: 0, bytes: 0 };
  /** A new EITR for the next receive interrupt to write, or null. */
  private eitr: number | null = null;
  /** The next buffer to refill; one stays empty. */
  private refill = RX_RING - 1;

  constructor(cpu: Processor, parts: E1000eParts) {
    const { costs } = cpu.books;
    this.parts = parts;
    this.tx = new TransmitRing(parts.rings, parts.packets, THRESHOLDS);
    this.rx = new ReceiveRing(cpu, parts, 'e1000eDriver.rx');
    this.txCost = costs.cost('e1000eDriver.tx');
    this.cleanCost = costs.cost('e1000eDriver.txClean');
    this.doorbell = {
      leave: () => {},
      act: (context) => parts.registers.write(context, 'TDT', this.tx.tail * TX_DESCRIPTORS),
      enter: () => {},
    };
    this.napi = new Napi(cpu, 'e1000e napi', {
      poll: (context) => this.poll(context),
      completed: (context) => this.completed(context),
    });
    this.rxLine = cpu.interrupt('e1000e rx', (line) => this.receiveInterrupt(line));
    this.txLine = cpu.interrupt('e1000e tx', (line) => this.transmitInterrupt(line));
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  get stopped(): boolean {
    return this.tx.stopped;
  }

  prepare(cpu: Context, _packet: Packet): void {
    cpu.charge(this.txCost);
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    this.tx.push(packet);
    return !more || this.stopped;
  }

  /** e1000_intr_msix_tx: cleans in the interrupt itself, and unmasks its cause, which had masked itself. */
  private *transmitInterrupt(line: InterruptLine): Program {
    const cpu = line.context;
    yield WAIT;
    for (;;) {
      line.enter();
      yield RUN;
      this.sent = this.tx.reap(this.stack);
      if (this.sent.packets > 0) cpu.charge(this.cleanCost, this.sent.packets);
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
      const group = rx.take(cpu, NAPI_POLL_WEIGHT - taken, this.received);
      taken += group;
      cleaned += group;
      yield RUN;
      rx.handUp(this.stack);
      if (cleaned >= RX_BUFFER_WRITE) {
        yield* this.refillBuffers(cpu, cleaned);
        cleaned = 0;
      }
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
