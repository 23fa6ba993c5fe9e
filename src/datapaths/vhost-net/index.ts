/**
 * vhost-net: a virtio ring served by a host kernel thread.
 *
 *   guest vCPU               │ host thread "vhost"            │ device
 *   virtio_net ─► tx ring ─kick─► worker ─copy─► tun, bridge ─┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─irqfd─ worker ◄─copy─ tap ring ◄──┼── NAPI ◄─ NIC ◄─ wire
 */
import { z } from 'zod';
import { Vhost } from '../../models/host/vhost.ts';
import { VhostIotlb } from '../../models/host/vhost-iotlb.ts';
import { VHOST } from '../../models/virtio/backend-rules.ts';
import { defineDatapath } from '../datapath.ts';
import { routeTo, TAP_QUEUE_LENGTH, tapOf } from '../qemu.ts';
import { VirtioGuest } from '../virtio-guest.ts';
import { virtioCard } from '../virtio-link.ts';
import { transport, virtioParams } from '../virtio-params.ts';

export const vhostNet = defineDatapath({
  kind: 'vhost-net',
  summary: 'Virtio ring served by a host kernel thread on its own core.',
  params: z
    .strictObject({
      ...virtioParams,
      transport: transport.optional(),
      inlineBackend: z
        .boolean()
        .describe('teaching: the kicking vCPU serves the transmit ring itself, inside the exit')
        .default(false),
      'poll-us': z
        .int()
        .min(0)
        .max(1_000_000)
        .describe(
          'QEMU, netdev tap: how long vhost looks on for work before it sleeps, 1.024 us each (0: not at all)',
        )
        .optional(),
      experimental_zcopytx: z
        .boolean()
        .describe(
          'module vhost_net: frames from 256 B on are sent from the guest’s own pages, not copied (false)',
        )
        .optional(),
      txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
    })
    .refine((params) => !params.inlineBackend || !params.experimental_zcopytx, {
      path: ['experimental_zcopytx'],
      message: 'must be false with inlineBackend, which has no worker that could be told of what was sent',
    })
    .refine((params) => !params.inlineBackend || (params['poll-us'] ?? 0) === 0, {
      path: ['poll-us'],
      message: 'must be 0 with inlineBackend, which has no worker that could look on',
    }),

  rings: { tx: 256, rx: 1024 },
  card: ({ tunables, transport = 'pci' }) => virtioCard(tunables, 'vhost', transport),

  build(world, vm, params) {
    const { books, packets, hostNetwork: network } = world;
    const guest = new VirtioGuest(world, vm, params, 'vhost', { transport: params.transport });
    const { behind } = guest;
    const tap = tapOf(world, vm, params.txqueuelen, guest.link.guestTso);
    const vhost = new Vhost(books, {
      vm: vm.name,
      ...guest.queues(VHOST),
      memory: guest.memory,
      mergeable: guest.link.mergeable,
      packets,
      tap,
      network,
      ...guest.interrupts('irqfd'),
      pollUs: params['poll-us'] ?? 0,
      zerocopy: params.experimental_zcopytx ?? false,
      inline: params.inlineBackend,
      // Whoever works inside the exit cannot wait for QEMU there: the teaching backend knows all pages.
      iotlb: behind && !params.inlineBackend ? new VhostIotlb(books, guest.loop, behind.iommu) : undefined,
    });
    world.hostThread(`vhost ${vm.name}`, vm.backend, (cpu, thread) => vhost.program(cpu, thread));
    if (params['poll-us'] !== undefined) {
      for (const ring of [guest.tx, guest.rx]) ring.pollOffered(() => vhost.offered());
    }
    const attached = guest.attach(guest.kick('tx', vhost.kickTx), guest.kick('rx', vhost.kickRx));
    return { ...attached, route: routeTo(world, tap) };
  },
});
