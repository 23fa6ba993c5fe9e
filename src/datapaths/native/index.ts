/**
 * Bare metal: the application runs on a core of the host, above the NIC's own driver.
 *
 *   core                                  │ device
 *   application ─► stack ─► NIC driver ───┼─► NIC ─► wire
 *   application ◄─ stack ◄─ NAPI ◄─ irq ──┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { DmaMapping } from '../../models/linux/dma-mapping.ts';
import { NicDriver } from '../../models/linux/nic-driver.ts';
import { defineDatapath } from '../datapath.ts';

export const native = defineDatapath({
  kind: 'native',
  summary: 'Bare metal: the application above the NIC driver, no VM.',
  params: z.strictObject({}),

  build(world, vm) {
    const { books, machine, packets, nic, cores } = world;
    const processor = cores[vm.vcpus[0][0]];
    const fn = world.addFunction(`${vm.name} nic`, vm.name);
    const device = new NicDriver(processor, {
      function: fn,
      packets,
      dma: new DmaMapping(books, machine.iommu),
      stackRx: books.costs.cost('stack.rx'),
      stageRx: books.timeline.working('guest: receive'),
    });
    fn.interrupt.connect(() => device.line.raise());
    return { processor, device, route: (flow) => nic.route(flow, fn) };
  },
});
