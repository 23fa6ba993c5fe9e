/**
 * SR-IOV: a virtual function passed through to the guest (vfio-pci); no exit on the data path.
 *
 *   guest vCPU                          │ device
 *   VF driver ─► ring ─doorbell (MMIO)──┼─► VF ─► wire
 *   VF driver ◄─ ring ◄─posted MSI-X────┼── VF ◄─ wire        (vCPU asleep: host wake-up vector first)
 */
import { z } from 'zod';
import { VfInterrupt } from '../../models/host/vf-interrupt.ts';
import { VfioMappings } from '../../models/host/vfio-mappings.ts';
import { DmaMapping } from '../../models/linux/dma-mapping.ts';
import { NicDriver } from '../../models/linux/nic-driver.ts';
import { vfCard } from '../cards.ts';
import { defineDatapath } from '../datapath.ts';
import { guestDmaOf } from '../qemu.ts';

export const sriov = defineDatapath({
  kind: 'sriov',
  summary: 'A virtual function of the NIC passed through to the guest.',
  params: z.strictObject({}),

  card: vfCard,

  build(world, vm) {
    const { books, packets, nic, machine, cores } = world;
    const vcpu = world.vcpu(vm);
    const behind = guestDmaOf(world, vm, vcpu, null);
    behind?.iommu.notify(new VfioMappings(books, behind.iommu.domain, world.invalidations));
    // Without it all guest memory is mapped once: the guest's driver maps nothing, but DMA is translated.
    const fn = world.addFunction(`${vm.name} vf`, vm.name, behind?.iommu.domain ?? world.guestDomain(vm));
    const device = new NicDriver(vcpu, {
      function: fn,
      packets,
      dma: behind?.dma ?? new DmaMapping(vcpu, 'passthrough', null),
      stackRx: books.costs.cost('stack.rx'),
      stageRx: books.timeline.working('stack: receive'),
    });
    const interrupt = new VfInterrupt(
      books,
      vcpu,
      cores[machine.irqCore],
      device.line,
      machine.postedInterrupts,
    );
    fn.interrupt.connect(() => interrupt.message());
    return { processor: vcpu, device, route: (flow) => nic.route(flow, fn) };
  },
});
