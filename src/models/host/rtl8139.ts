/**
 * QEMU's rtl8139 in C+ mode (hw/net/rtl8139.c): transmit runs inside the guest's TxPoll write, receive in the main loop;
 * every access is an exit that QEMU handles. INTx without any mitigation, checksums in software. It has no flow control: a
 * frame for which no descriptor is its own is read from the tap and lost. Simplification: lowering the line is a second
 * ioctl, and a write to IntrStatus lowers and raises a line that stays high; both are free.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Timeline } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { NOT_LAST } from '../hardware/descriptor-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import { NORMAL_TX_POLL, type Rtl8139Rings, RX_EMPTY, RX_OK, TX_OK } from '../hardware/rtl8139-rings.ts';
import { type DeviceModel, NOTHING_COALESCED } from './emulated-registers.ts';
import type { GuestIommu } from './guest-iommu.ts';
import type { HostNetwork } from './host-network.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';
import type { Tap } from './tap.ts';
import { TapIo } from './tap-io.ts';
import { type ReceivingDevice, TapReader } from './tap-reader.ts';

export interface Rtl8139Parts {
  readonly rings: Rtl8139Rings;
  readonly packets: Packets;
  readonly tap: Tap;
  readonly network: HostNetwork;
  readonly loop: MainLoop;
  /** In front of the device; null: none. */
  readonly iommu: GuestIommu | null;
  readonly interrupt: InterruptPath;
  /** IntrMask as the driver left it when it opened the device. */
  readonly mask: number;
}

export class Rtl8139 implements DeviceModel, ReceivingDevice {
  readonly immediate = NOTHING_COALESCED;
  /** C+ mode has no flow control. */
  readonly canReceive = true;
  private readonly sim: Simulation;
  private readonly timeline: Timeline;
  private readonly parts: Rtl8139Parts;
  private readonly io: TapIo;
  private readonly tx: Cost;
  private readonly rx: Cost;
  private readonly checksumPerByte: Cost;
  private readonly crcPerByte: Cost;
  private status = 0;
  private mask: number;
  private level = false;
  private txNext = 0;
  private rxNext = 0;
  /** The frame at hand found a descriptor. */
  private accepted = false;

  constructor(sim: Simulation, books: Accounting, parts: Rtl8139Parts) {
    const { costs, timeline } = books;
    this.sim = sim;
    this.timeline = timeline;
    this.parts = parts;
    this.mask = parts.mask;
    this.io = new TapIo(books, parts.packets, parts.network, 'wait: exit to QEMU');
    this.tx = costs.cost('rtl8139.tx');
    this.rx = costs.cost('rtl8139.rx');
    this.checksumPerByte = costs.cost('qemu.checksumPerByte');
    this.crcPerByte = costs.cost('rtl8139.crcPerByte');
    new TapReader(books, { ...parts, io: this.io }, this);
  }

  /** The device holds its line. */
  get asserted(): boolean {
    return this.level;
  }

  *read(_cpu: Context, register: string): Access<number> {
    yield RUN;
    switch (register) {
      case 'IntrMask':
        return this.mask;
      case 'IntrStatus':
        return this.status;
      default:
        return 0;
    }
  }

  *write(cpu: Context, register: string, value: number): Access {
    yield RUN;
    switch (register) {
      case 'TxPoll':
        if (value & NORMAL_TX_POLL) yield cpu.call(this.transmit(cpu));
        return;
      case 'IntrStatus':
        // Ones clear.
        this.status &= ~value;
        return yield* this.update(cpu);
      case 'IntrMask':
        this.mask = value;
        return yield* this.update(cpu);
    }
  }

  /** rtl8139_cplus_transmit_one: a copy into its buffer, and the checksums that Linux asks for (IPCS, UDPCS, TCPCS). */
  private readonly chargeTransmit = (cpu: Context, packet: Packet): void => {
    const { iommu, rings, packets } = this.parts;
    iommu?.translate(cpu, rings.txRing);
    iommu?.translate(cpu, packets.page[packet]);
    cpu.charge(this.tx);
    this.io.chargeCopy(cpu, packet);
    cpu.charge(this.checksumPerByte, packets.size[packet]);
  };

  /** rtl8139_cplus_transmit: all descriptors that are its own, then one cause. */
  private *transmit(cpu: Context): Access {
    const { rings } = this.parts;
    let sent = false;
    for (; rings.txOwned > 0; sent = true) {
      const described = rings.tx[this.txNext];
      this.txNext = (this.txNext + 1) % rings.tx.length;
      rings.txOwned--;
      if (described === NOT_LAST) cpu.charge(this.tx);
      else yield* this.io.transmitCut(cpu, described, this.chargeTransmit);
      rings.txDone++;
    }
    if (!sent) return;
    this.status |= TX_OK;
    yield* this.update(cpu);
  }

  /** rtl8139_do_receive: with a CRC behind the frame; one without a descriptor is not copied any more. */
  chargeReceive(cpu: Context, packet: Packet): void {
    const { iommu, rings, packets } = this.parts;
    this.accepted = rings.rxOwned > 0;
    iommu?.translate(cpu, rings.rxRing);
    cpu.charge(this.rx);
    if (!this.accepted) return;
    iommu?.translate(cpu, rings.rxPage[this.rxNext]);
    this.io.chargeCopy(cpu, packet);
    cpu.charge(this.crcPerByte, packets.size[packet]);
  }

  *received(cpu: Context, packet: Packet): Access {
    const { rings } = this.parts;
    if (this.accepted) {
      rings.rxOwned--;
      rings.rx[this.rxNext] = packet;
      this.rxNext = (this.rxNext + 1) % rings.rx.length;
      rings.rxDone++;
    } else this.lose(packet);
    this.status |= this.accepted ? RX_OK : RX_EMPTY;
    yield* this.update(cpu);
  }

  private lose(packet: Packet): void {
    const { packets } = this.parts;
    const request = packets.request[packet];
    if (request >= 0) this.timeline.drop(request, this.sim.now, 'rtl8139: no receive descriptor');
    packets.release(packet);
  }

  /** rtl8139_update_irq. */
  private *update(cpu: Context): Access {
    const { interrupt } = this.parts;
    const pending = (this.status & this.mask) !== 0;
    const rises = pending && !this.level;
    if (rises) {
      interrupt.charge(cpu);
      yield RUN;
    }
    this.level = pending;
    if (rises) interrupt.raise();
  }
}
