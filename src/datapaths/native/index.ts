/**
 * Bare metal: the application runs on a core of the host, above the NIC's own driver.
 *
 *   core                                  │ device
 *   application ─► stack ─► NIC driver ───┼─► NIC ─► wire
 *   application ◄─ stack ◄─ NAPI ◄─ irq ──┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { TeachingDriver } from '../../models/guest/teaching-driver.ts';
import { DmaMapping } from '../../models/linux/dma-mapping.ts';
import { NicDriver } from '../../models/linux/nic-driver.ts';
import { us } from '../../units.ts';
import { defineDatapath } from '../datapath.ts';

export const native = defineDatapath({
  kind: 'native',
  summary: 'Bare metal: the application above the NIC driver, no VM.',
  params: z.strictObject({
    completion: z
      .enum(['napi', 'interrupt-per-completion', 'poll'])
      .describe(
        'napi: Linux; teaching, on the backend core: an interrupt for each completion, or checks at fixed times',
      )
      .default('napi'),
    pollPeriodUs: z
      .number()
      .positive()
      .max(1e6)
      .describe('poll: us from the start of one check to the start of the next')
      .default(1),
    poll_queues: z
      .int()
      .min(0)
      .max(256)
      .describe('of the disk: queues that are polled, for jobs with hipri (module nvme; 0)')
      .optional(),
    io_queue_depth: z
      .int()
      .min(2)
      .max(4095)
      .describe('of the disk: entries of each queue (module nvme; 1024)')
      .optional(),
  }),

  build(world, vm, { completion, pollPeriodUs }) {
    const { books, machine, packets, nic, cores } = world;
    const processor = cores[vm.vcpus[0][0]];
    const space = completion === 'napi' ? world.hostSpace() : null;
    // The teaching driver has everything mapped once.
    const taught = completion !== 'napi' && machine.iommu !== 'passthrough';
    const domain = taught ? world.guestDomain(vm) : (space?.domain ?? null);
    const fn = world.addFunction(`${vm.name} nic`, vm.name, domain);
    const route = (flow: number): void => nic.route(flow, fn);
    if (completion !== 'napi') {
      const device = new TeachingDriver(cores[vm.backend[0]], {
        function: fn,
        packets,
        completion: completion === 'poll' ? 'poll' : 'interrupt',
        pollPeriod: us(pollPeriodUs),
      });
      if (completion === 'poll') fn.interrupt.connect(() => {});
      return { processor, device, route };
    }
    const device = new NicDriver(processor, {
      function: fn,
      packets,
      dma: new DmaMapping(processor, machine.iommu, space),
      stackRx: books.costs.cost('stack.rx'),
      stageRx: books.timeline.working('stack: receive'),
    });
    fn.interrupt.connect(() => device.line.raise());
    return { processor, device, route };
  },
});
