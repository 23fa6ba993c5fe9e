/**
 * virtio-net served by QEMU itself: the ring is read and written by the main loop thread. Or by another monitor.
 *
 *   guest vCPU               │ host thread "qemu main"           │ device
 *   virtio_net ─► tx ring ─kick─► eventfd, BH ─writev─► bridge ──┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─KVM_SIGNAL_MSI─ copy ◄─read─ tap ◄───┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { EmulatedKick } from '../../models/host/emulated-kick.ts';
import { UserspaceVirtioNet } from '../../models/host/userspace-virtio-net.ts';
import type { Doorbell } from '../../models/linux/net-device.ts';
import { backendRules } from '../../models/virtio/backend-rules.ts';
import { ns } from '../../units.ts';
import { defineDatapath } from '../datapath.ts';
import { routeTo, TAP_QUEUE_LENGTH, tapOf } from '../qemu.ts';
import { VirtioGuest } from '../virtio-guest.ts';
import { virtioCard } from '../virtio-link.ts';
import { transport, virtioParams } from '../virtio-params.ts';

import { checkMonitor, monitorFor, monitorShape, tunablesFor } from './monitors.ts';

export const virtioNet = defineDatapath({
  kind: 'virtio-net',
  summary: 'Virtio ring served by QEMU in user space, in its main loop, or by another monitor.',
  params: z
    .strictObject({
      ...virtioParams,
      transport: transport.optional(),
      tx: z
        .enum(['bh', 'timer'])
        .describe('QEMU: transmit in the next iteration of the main loop, or when x-txtimer is over')
        .default('bh'),
      'x-txtimer': z.int().min(1).max(1e9).describe('QEMU: tx=timer, ns').default(150_000),
      ioeventfd: z
        .boolean()
        .describe('QEMU: false makes each kick an exit to QEMU in the vCPU thread')
        .default(true),
      'x-txburst': z.int().min(1).max(1024).describe('QEMU: packets per transmit flush').default(256),
      ...monitorShape,
      txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
    })
    .superRefine(checkMonitor),

  rings: { tx: 256, rx: 1024 },
  card: (params) => {
    const monitor = monitorFor(params);
    return virtioCard(tunablesFor(params), monitor.name, monitor.transport);
  },

  build(world, vm, params) {
    const { sim, books, packets, hostNetwork: network } = world;
    const monitor = monitorFor(params);
    const options = { ...params, tunables: tunablesFor(params) };
    const { transport } = monitor;
    const guest = new VirtioGuest(world, vm, options, monitor.name, { transport, monitor });
    const { vcpu, loop } = guest;
    const tap = tapOf(world, vm, params.txqueuelen, guest.link.guestTso);
    const backend = new UserspaceVirtioNet(sim, books, {
      vm: vm.name,
      ...guest.queues(backendRules[monitor.name]),
      memory: guest.memory,
      mergeable: guest.link.mergeable,
      packets,
      tap,
      network,
      loop,
      iommu: guest.behind?.iommu,
      ...guest.interrupts(monitor.injection),
      transmit: { tx: params.tx, timer: ns(params['x-txtimer']), burst: params['x-txburst'] },
    });
    const kick = (queue: 'tx' | 'rx', kicked: typeof backend.kickTx): Doorbell =>
      params.ioeventfd ? guest.kick(queue, kicked) : new EmulatedKick(books, vcpu, queue, kicked, loop.lock);
    const attached = guest.attach(kick('tx', backend.kickTx), kick('rx', backend.kickRx));
    return { ...attached, route: routeTo(world, tap) };
  },
});
