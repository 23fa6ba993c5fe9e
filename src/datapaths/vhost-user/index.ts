/**
 * vhost-user: the ring is polled by a user-space switch (DPDK, Open vSwitch) that drives the NIC itself.
 *
 *   guest vCPU                │ host thread "pmd", always busy        │ device
 *   virtio_net ─► tx ring ────┼─► poll: burst ≤ 32, copy ─► NIC ring ─┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─eventfd, if asked─ copy, burst ≤ 32 ◄─────┼── NIC ring, polled ◄─ wire
 */
import { z } from 'zod';
import { VhostUser } from '../../models/host/vhost-user.ts';
import { VirtioNetPci } from '../../models/host/virtio-net-pci.ts';
import { DPDK } from '../../models/virtio/backend-rules.ts';
import { defineDatapath } from '../datapath.ts';
import { VirtioGuest } from '../virtio-guest.ts';
import { propertiesOf, virtioParams } from '../virtio-params.ts';
import { pmdOf } from './pmd-of.ts';

/** The switch polls: a kick that the ring's stale event lets through signals an eventfd that nobody waits on. */
const UNHEARD = { asleep: false, kick: () => {} };

export const vhostUser = defineDatapath({
  kind: 'vhost-user',
  summary: 'Virtio ring polled by a user-space switch (DPDK) on a core of its own.',
  params: z.strictObject(virtioParams),
  rings: { tx: 1024, rx: 1024 },
  card: ({ tunables }) => new VirtioNetPci(propertiesOf(tunables), 'vhost-user'),

  build(world, vm, params) {
    const { sim, books, packets } = world;
    const guest = new VirtioGuest(world, vm, params, 'vhost-user');
    const { pmd, nic } = pmdOf(world, vm.backend);
    const port = new VhostUser(sim, books, {
      vm: vm.name,
      ...guest.queues(DPDK),
      memory: guest.memory,
      packets,
      nic,
      ...guest.interrupts('eventfd'),
    });
    pmd.add(port);
    guest.tx.pollOffered(() => {
      port.offered();
      pmd.notice();
    });
    const attached = guest.attach(guest.kick('tx', UNHEARD), guest.kick('rx', UNHEARD));
    return {
      ...attached,
      route: (flow) => {
        nic.route(flow, port);
        world.nic.route(flow, nic.function);
      },
    };
  },
});
