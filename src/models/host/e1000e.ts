/**
 * QEMU's 82574L with MSI-X (hw/net/e1000e.c, e1000e_core.c): transmit runs inside the guest's TDT write, receive in the
 * main loop (but for a frame that waited for the guest's RDT write). Every write is an exit that QEMU handles: nothing is
 * coalesced. A cause that is reported clears itself in ICR and masks itself in IMS (EIAC), so that the driver need not
 * read ICR; the delay timers (RDTR, TADV …) do not count with MSI-X.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, RUN } from '../hardware/context.ts';
import { type DescriptorRings, NOT_LAST } from '../hardware/descriptor-rings.ts';
import { RXQ0, TX_DESCRIPTORS, TXQ0 } from '../hardware/e1000e-rings.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import { type DeviceModel, NOTHING_COALESCED } from './emulated-registers.ts';
import type { GuestIommu } from './guest-iommu.ts';
import type { HostNetwork } from './host-network.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';
import type { Tap } from './tap.ts';
import { TapIo } from './tap-io.ts';
import { type ReceivingDevice, TapReader } from './tap-reader.ts';
import { ThrottledVector } from './throttled-vector.ts';

export interface E1000eParts {
  readonly rings: DescriptorRings;
  readonly packets: Packets;
  readonly tap: Tap;
  readonly network: HostNetwork;
  readonly loop: MainLoop;
  /** In front of the device; null: none. */
  readonly iommu: GuestIommu | null;
  readonly rxInterrupt: InterruptPath;
  readonly txInterrupt: InterruptPath;
  /** RDT as the driver's probe left it. */
  readonly receiveTail: number;
  /** The tap carries virtio-net headers: checksums are left to the host; without, QEMU computes them. */
  readonly vnetHeader: boolean;
  /** Each vector has had a message postponed before (`ThrottledVector`). */
  readonly postponedBefore: boolean;
}

export class E1000e implements DeviceModel, ReceivingDevice {
  readonly immediate = NOTHING_COALESCED;
  private readonly parts: E1000eParts;
  private readonly io: TapIo;
  private readonly tx: Cost;
  private readonly rx: Cost;
  private readonly checksumPerByte: Cost;
  private readonly reader: TapReader;
  private readonly vectors: ReadonlyMap<number, ThrottledVector>;
  private icr = 0;
  private ims = RXQ0 | TXQ0;
  private tdh = 0;
  private rdh = 0;
  private rdt: number;

  constructor(sim: Simulation, books: Accounting, parts: E1000eParts) {
    const { costs } = books;
    this.parts = parts;
    this.rdt = parts.receiveTail;
    this.io = new TapIo(books, parts.packets, parts.network, 'wait: exit to QEMU');
    this.tx = costs.cost('e1000e.tx');
    this.rx = costs.cost('e1000e.rx');
    this.checksumPerByte = costs.cost('qemu.checksumPerByte');
    this.reader = new TapReader(books, { ...parts, io: this.io }, this);
    const vector = (interrupt: InterruptPath): ThrottledVector =>
      new ThrottledVector(sim, parts.loop, interrupt, parts.postponedBefore);
    this.vectors = new Map([
      [RXQ0, vector(parts.rxInterrupt)],
      [TXQ0, vector(parts.txInterrupt)],
    ]);
  }

  /** No register is read on the fast path; ICR only by the vector for other causes, which is not modelled. */
  *read(_cpu: Context, _register: string): Access<number> {
    yield RUN;
    return 0;
  }

  *write(cpu: Context, register: string, value: number): Access {
    yield RUN;
    switch (register) {
      case 'TDT':
        yield cpu.call(this.startTransmit(cpu, value / TX_DESCRIPTORS));
        return;
      case 'RDT':
        this.rdt = value;
        return yield* this.reader.flush(cpu);
      case 'IMS':
        this.ims |= value;
        return yield* this.report(cpu);
      case 'EITR0':
        (this.vectors.get(RXQ0) as ThrottledVector).interval = value;
    }
  }

  /** e1000e_tx_pkt_send: the tap reads the guest's memory itself, there is no bounce buffer. */
  private readonly chargeTransmit = (cpu: Context, packet: Packet): void => {
    const { iommu, rings, packets } = this.parts;
    iommu?.translate(cpu, rings.txRing);
    iommu?.translate(cpu, packets.page[packet]);
    cpu.charge(this.tx);
    this.chargeChecksum(cpu, packet);
  };

  chargeReceive(cpu: Context, packet: Packet): void {
    const { iommu, rings } = this.parts;
    iommu?.translate(cpu, rings.rxRing);
    iommu?.translate(cpu, rings.rxPage[this.rdh]);
    cpu.charge(this.rx);
    this.chargeChecksum(cpu, packet);
    this.io.chargeCopy(cpu, packet);
  }

  private chargeChecksum(cpu: Context, packet: Packet): void {
    const { vnetHeader, packets } = this.parts;
    if (!vnetHeader) cpu.charge(this.checksumPerByte, packets.size[packet]);
  }

  /** e1000e_start_xmit: one cause for all that a TDT write announced. */
  private *startTransmit(cpu: Context, tail: number): Access {
    const { rings, vnetHeader } = this.parts;
    for (; this.tdh !== tail; this.tdh = (this.tdh + 1) % rings.tx.length) {
      const described = rings.tx[this.tdh];
      if (described === NOT_LAST) cpu.charge(this.tx);
      else if (vnetHeader) yield* this.io.transmit(cpu, described, this.chargeTransmit);
      else yield* this.io.transmitCut(cpu, described, this.chargeTransmit);
      rings.txDone++;
    }
    this.icr |= TXQ0;
    yield* this.report(cpu);
  }

  get canReceive(): boolean {
    return this.rdh !== this.rdt;
  }

  *received(cpu: Context, packet: Packet): Access {
    const { rings } = this.parts;
    rings.rx[this.rdh] = packet;
    this.rdh = (this.rdh + 1) % rings.rx.length;
    rings.rxDone++;
    this.icr |= RXQ0;
    yield* this.report(cpu);
  }

  /** e1000e_update_interrupt_state: each unmasked cause is reported once; then it is cleared and masked. */
  private *report(cpu: Context): Access {
    for (const [cause, vector] of this.vectors) {
      if ((this.icr & this.ims & cause) === 0) continue;
      this.icr &= ~cause;
      this.ims &= ~cause;
      yield* vector.notify(cpu);
    }
  }
}
