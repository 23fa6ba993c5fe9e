/**
 * Full emulation: Linux's e1000 driver on QEMU's 82540EM.
 *
 *   guest vCPU                    │ the same thread, in the exit   │ device
 *   e1000 ─► TDT write ──exit─────┼─► QEMU: copy, writev, bridge ──┼─► NIC ─► wire
 *   ICR, IMC, STATUS, IMS, STATUS ┼── one exit each                │
 *   e1000 ◄─INTx, EOI exit─ QEMU main loop ◄─read─ tap ring ◄──────┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { E1000Driver, IMS_ENABLE_MASK } from '../../models/guest/e1000.ts';
import { itrUnits } from '../../models/guest/e1000-itr.ts';
import { DescriptorRings } from '../../models/hardware/descriptor-rings.ts';
import { E1000_RING } from '../../models/hardware/e1000-rings.ts';
import { E1000 } from '../../models/host/e1000.ts';
import { EmulatedRegisters } from '../../models/host/emulated-registers.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { e1000Card } from '../cards.ts';
import { defineDatapath } from '../datapath.ts';
import { guestDmaOf, qemuOf, routeTo, TAP_QUEUE_LENGTH, tapOf } from '../qemu.ts';

export const e1000 = defineDatapath({
  kind: 'e1000',
  summary: 'Full emulation: every register access of the guest driver is an exit to QEMU.',
  params: z.strictObject({
    tunables: z
      .strictObject({
        mitigation: z
          .boolean()
          .describe('QEMU e1000 property: interrupt edges at least 128 us apart')
          .default(true),
        TxAbsIntDelay: z.int().min(0).max(65_535).describe('guest module e1000, 1.024 us units').default(32),
        RxIntDelay: z.int().min(0).max(65_535).describe('guest module e1000, 1.024 us units').default(0),
        RxAbsIntDelay: z.int().min(0).max(65_535).describe('guest module e1000, 1.024 us units').default(8),
        InterruptThrottleRate: z
          .literal(3)
          .describe('guest module e1000: 3, dynamic conservative')
          .default(3),
      })
      .prefault({})
      .describe('tunables by their real names'),
    guestDriver: z
      .enum(['linux', 'textbook'])
      .describe('textbook: registerWrites exits per packet and no completion interrupt')
      .default('linux'),
    registerWrites: z.int().min(1).max(64).describe('textbook driver: register writes per packet').default(4),
    txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
  }),

  card: e1000Card,

  build(world, vm, params) {
    const { sim, books, packets } = world;
    const { tunables } = params;
    const textbook = params.guestDriver === 'textbook';
    const vcpu = world.vcpu(vm);
    const loop = qemuOf(world, vm);
    const network = world.hostNetwork;
    const rings = new DescriptorRings(E1000_RING);
    const tap = tapOf(world, vm, params.txqueuelen);
    const behind = guestDmaOf(world, vm, vcpu, loop);
    const interrupt = new InterruptPath(books, vcpu, 'KVM_IRQ_LINE', 'e1000', () => device.line);
    const model = new E1000(sim, books, {
      rings,
      packets,
      tap,
      network,
      loop,
      interrupt,
      iommu: behind?.iommu ?? null,
      mitigation: tunables.mitigation,
    });
    model.preset('RDT', E1000_RING - 1);
    model.preset('ITR', itrUnits(20_000));
    model.preset('TADV', tunables.TxAbsIntDelay);
    model.preset('RDTR', tunables.RxIntDelay);
    model.preset('RADV', tunables.RxAbsIntDelay);
    model.preset('IMS', textbook ? 0 : IMS_ENABLE_MASK);
    const device: E1000Driver = new E1000Driver(vcpu, {
      rings,
      packets,
      registers: new EmulatedRegisters(books, vcpu, model, loop.lock),
      stackRx: books.costs.cost('stack.rx'),
      interrupt: (name, program) => vcpu.levelInterrupt(name, program),
      dma: behind?.dma ?? null,
      textbookWrites: textbook ? params.registerWrites : 0,
    });
    return {
      processor: vcpu,
      device,
      route: routeTo(world, tap),
    };
  },
});
