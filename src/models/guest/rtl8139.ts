/**
 * Linux's 8139cp driver (drivers/net/ethernet/realtek/8139cp.c, 6.1), which takes QEMU's rtl8139: its PCI revision 0x20 is
 * an 8139C+, and 8139too leaves those alone. Descriptor rings, INTx, and a register access for everything: three for a
 * transmit interrupt, eight for one that receives. Simplifications: what the handler cleans is free at once, where Linux
 * leaves it to the NET_TX softirq; the stack's check of received checksums, which the device does not vouch for, is free.
 */
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Packet } from '../hardware/packets.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { NORMAL_TX_POLL, type Rtl8139Rings } from '../hardware/rtl8139-rings.ts';
import { piecesOf } from '../hardware/segmentation.ts';
import { NAPI_POLL_WEIGHT } from '../linux/napi.ts';
import { EmulatedDriver, type EmulatedDriverParts } from './emulated-driver.ts';
import { Napi } from './napi.ts';

/** The queue stops at MAX_SKB_FRAGS + 1 = 18 free descriptors or fewer, and starts again above. */
const THRESHOLDS = { stopBelow: 19, wakeAt: 19, slotsOf: piecesOf };
/** cp_rx_poll maps a new buffer for each frame and unmaps the old one. */
const COPYBREAK = 0;
/** cp_rx_intr_mask: RxOK, RxErr, RxEmpty, RxFIFOOvr. */
const RX_CAUSES = 0x53;
/** cp_norx_intr_mask: TxOK, TxErr, TxEmpty, LinkChg, PciErr. */
const OTHER_CAUSES = 0x80ac;
/** TxOK, TxErr, TxEmpty. */
const TX_CAUSES = 0x8c;
/** cp_intr_mask. */
export const ALL_CAUSES = RX_CAUSES | OTHER_CAUSES;

export interface Rtl8139DriverParts extends EmulatedDriverParts {
  readonly rings: Rtl8139Rings;
  /** INTx of the processor. */
  readonly interrupt: (name: string, program: (line: InterruptLine) => Program) => InterruptLine;
}

export class Rtl8139Driver extends EmulatedDriver {
  readonly line: InterruptLine;
  private readonly parts: Rtl8139DriverParts;
  private readonly napi: Napi;

  constructor(cpu: Processor, parts: Rtl8139DriverParts) {
    super(cpu, parts, { ...THRESHOLDS, prices: 'rtl8139Driver', copybreak: COPYBREAK });
    this.parts = parts;
    this.napi = new Napi(cpu, '8139cp napi', {
      poll: (context) => this.poll(context),
      completed: (context) => this.setMask(context, ALL_CAUSES),
    });
    this.line = parts.interrupt('8139cp', (line) => this.interrupted(line));
  }

  /** cp_start_xmit: the descriptor is the device's at once, and TxPoll is written for each, whatever follows. */
  override publish(cpu: Context, packet: Packet, more: boolean): boolean {
    const before = this.tx.tail;
    super.publish(cpu, packet, more);
    const { rings } = this.parts;
    rings.txOwned += (this.tx.tail - before + rings.tx.length) % rings.tx.length;
    return true;
  }

  protected ring(cpu: Context): Access {
    return this.parts.registers.write(cpu, 'TxPoll', NORMAL_TX_POLL);
  }

  /** cpw16_f: the write is flushed by a read. */
  private *setMask(cpu: Context, causes: number): Access {
    const { registers } = this.parts;
    yield* registers.write(cpu, 'IntrMask', causes);
    yield* registers.read(cpu, 'IntrMask');
  }

  private *interrupted(line: InterruptLine): Program {
    yield WAIT;
    for (;;) {
      line.enter();
      yield* this.handle(line.context);
      line.leave();
      yield RUN;
      yield WAIT;
    }
  }

  /** cp_interrupt: acknowledges all but the causes of receive, which the poll does, with those masked. */
  private *handle(cpu: Context): Access {
    const { registers } = this.parts;
    if ((yield* registers.read(cpu, 'IntrMask')) === 0) return;
    const status = yield* registers.read(cpu, 'IntrStatus');
    if (status === 0) return;
    yield* registers.write(cpu, 'IntrStatus', status & ~RX_CAUSES);
    if (status & RX_CAUSES && this.napi.schedule()) {
      yield* this.setMask(cpu, OTHER_CAUSES);
      this.napi.chargeSchedule(cpu);
    }
    if (status & TX_CAUSES) {
      yield RUN;
      yield* this.clean(cpu);
    }
  }

  /** cp_rx_poll: a descriptor is the device's again as soon as its frame is taken. */
  private *poll(cpu: Context): Access<number> {
    const { rx } = this;
    const { registers, rings } = this.parts;
    const received = { packets: 0, bytes: 0 };
    yield* registers.write(cpu, 'IntrStatus', RX_CAUSES);
    while (received.packets < NAPI_POLL_WEIGHT && rx.filled) {
      const group = yield* rx.take(cpu, NAPI_POLL_WEIGHT - received.packets, received);
      yield RUN;
      rx.handUp(this.stack);
      rings.rxOwned += group;
    }
    if (rx.release(cpu)) {
      yield RUN;
      rx.handUp(this.stack);
    }
    return received.packets;
  }
}
