/**
 * Full emulation with MSI-X: Linux's e1000e driver on QEMU's 82574L.
 *
 *   guest vCPU                      │ the same thread, in the exit │ device
 *   e1000e ─► TDT write ──exit──────┼─► QEMU: writev, bridge ──────┼─► NIC ─► wire
 *   IMS, RDT of 16 buffers, EITR ───┼── one exit each              │
 *   e1000e ◄─MSI-X─ QEMU main loop ◄─read─ tap ring ◄──────────────┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { E1000eDriver, FIRST_RDT } from '../../models/guest/e1000e.ts';
import { DescriptorRings } from '../../models/hardware/descriptor-rings.ts';
import { RX_RING, TX_SLOTS } from '../../models/hardware/e1000e-rings.ts';
import { E1000e } from '../../models/host/e1000e.ts';
import { EmulatedRegisters } from '../../models/host/emulated-registers.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { e1000eCard } from '../cards.ts';
import { defineDatapath } from '../datapath.ts';
import { guestDmaOf, qemuOf, routeTo, TAP_QUEUE_LENGTH, tapOf } from '../qemu.ts';

export const e1000e = defineDatapath({
  kind: 'e1000e',
  summary: 'Full emulation of a newer NIC: MSI-X, so that an interrupt costs one register write.',
  params: z.strictObject({
    tunables: z
      .strictObject({
        InterruptThrottleRate: z
          .literal(3)
          .describe('guest module e1000e: 3, dynamic conservative')
          .default(3),
        vnet_hdr: z
          .boolean()
          .describe('tap option: checksums are left to the host; off, QEMU computes them')
          .default(true),
      })
      .prefault({})
      .describe('tunables by their real names'),
    throttleExpiry: z
      .enum(['always', 'once-postponed'])
      .describe(
        'when QEMU sends a message at the end of a throttle gap: always (QEMU 8.0; until 7.2 once a message has ever been ' +
          'postponed, as in any VM that has run for a while), or once-postponed (until 7.2, a VM just started: only from the ' +
          'first postponed message on)',
      )
      .default('always'),
    txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
  }),

  card: e1000eCard,

  build(world, vm, params) {
    const { sim, books, packets } = world;
    const vcpu = world.vcpu(vm);
    const loop = qemuOf(world, vm);
    const behind = guestDmaOf(world, vm, vcpu, loop);
    const network = world.hostNetwork;
    const rings = new DescriptorRings(TX_SLOTS, RX_RING);
    const tap = tapOf(world, vm, params.txqueuelen);
    const rxInterrupt = new InterruptPath(books, vcpu, 'KVM_SIGNAL_MSI', 'e1000e rx', () => device.rxLine);
    const txInterrupt = new InterruptPath(books, vcpu, 'KVM_SIGNAL_MSI', 'e1000e tx', () => device.txLine);
    const model = new E1000e(sim, books, {
      rings,
      packets,
      tap,
      network,
      loop,
      iommu: behind?.iommu ?? null,
      rxInterrupt,
      txInterrupt,
      receiveTail: FIRST_RDT,
      vnetHeader: params.tunables.vnet_hdr,
      postponedBefore: params.throttleExpiry === 'always',
    });
    const device: E1000eDriver = new E1000eDriver(vcpu, {
      rings,
      packets,
      registers: new EmulatedRegisters(books, vcpu, model, loop.lock),
      stackRx: books.costs.cost('stack.rx'),
      dma: behind?.dma ?? null,
    });
    return {
      processor: vcpu,
      device,
      route: routeTo(world, tap),
    };
  },
});
