/**
 * Full emulation of an old NIC: Linux's 8139cp driver on QEMU's rtl8139, an RTL8139C+.
 *
 *   guest vCPU                          │ the same thread, in the exit │ device
 *   8139cp ─► TxPoll write ──exit───────┼─► QEMU: copy, writev, bridge ┼─► NIC ─► wire
 *   IntrMask, IntrStatus, IntrStatus … ─┼── one exit each              │
 *   8139cp ◄─INTx, EOI exit─ QEMU main loop ◄─read─ tap ring ◄─────────┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { ALL_CAUSES, Rtl8139Driver } from '../../models/guest/rtl8139.ts';
import { Rtl8139Rings } from '../../models/hardware/rtl8139-rings.ts';
import { EmulatedRegisters } from '../../models/host/emulated-registers.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Rtl8139 } from '../../models/host/rtl8139.ts';
import { heldLine } from '../../models/host/virtual-line.ts';
import { rtl8139Card } from '../cards.ts';
import { defineDatapath } from '../datapath.ts';
import { guestDmaOf, qemuOf, routeTo, TAP_QUEUE_LENGTH, tapOf } from '../qemu.ts';

export const rtl8139 = defineDatapath({
  kind: 'rtl8139',
  summary: 'Full emulation of an old NIC: eight register accesses an interrupt that receives, no mitigation.',
  params: z.strictObject({
    txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
  }),

  card: rtl8139Card,

  build(world, vm, { txqueuelen }) {
    const { sim, books, packets } = world;
    const vcpu = world.vcpu(vm);
    const loop = qemuOf(world, vm);
    const behind = guestDmaOf(world, vm, vcpu, loop);
    const network = world.hostNetwork;
    const rings = new Rtl8139Rings();
    const tap = tapOf(world, vm, txqueuelen);
    const interrupt = new InterruptPath(books, vcpu, 'KVM_IRQ_LINE', '8139cp', () => device.line);
    const model = new Rtl8139(sim, books, {
      rings,
      packets,
      tap,
      network,
      loop,
      iommu: behind?.iommu ?? null,
      interrupt,
      mask: ALL_CAUSES,
    });
    const device: Rtl8139Driver = new Rtl8139Driver(vcpu, {
      rings,
      packets,
      registers: new EmulatedRegisters(books, vcpu, model, loop.lock),
      stackRx: books.costs.cost('stack.rx'),
      dma: behind?.dma ?? null,
      interrupt: (name, program) =>
        vcpu.levelInterrupt(name, (line) => program(heldLine(line, () => model.asserted))),
    });
    return {
      processor: vcpu,
      device,
      route: routeTo(world, tap),
    };
  },
});
