/**
 * virtio-net served by QEMU itself: the ring is read and written by the main loop thread.
 *
 *   guest vCPU               │ host thread "qemu main"           │ device
 *   virtio_net ─► tx ring ─kick─► eventfd, BH ─writev─► bridge ──┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─KVM_SIGNAL_MSI─ copy ◄─read─ tap ◄───┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { VirtioNet } from '../../models/guest/virtio-net.ts';
import { Kick } from '../../models/host/kick.ts';
import { QemuVirtioNet } from '../../models/host/qemu-virtio-net.ts';
import { Tap } from '../../models/host/tap.ts';
import { VirtioNetPci } from '../../models/host/virtio-net-pci.ts';
import { DeviceQueue } from '../../models/virtio/device-queue.ts';
import { GuestMemory } from '../../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBufferOf } from '../../models/virtio/net-buffer.ts';
import { SplitRing } from '../../models/virtio/split-ring.ts';
import { defineDatapath } from '../datapath.ts';
import { qemuOf, TAP_QUEUE_LENGTH } from '../qemu.ts';
import { virtioInterrupts } from '../virtio-interrupts.ts';
import { virtioLink } from '../virtio-link.ts';
import { driverOptions, propertiesOf, virtioParams } from '../virtio-params.ts';

export const virtioNet = defineDatapath({
  kind: 'virtio-net',
  summary: 'Virtio ring served by QEMU in user space, in its main loop.',
  params: z.strictObject({
    ...virtioParams,
    'x-txburst': z.int().min(1).max(1024).describe('QEMU: packets per transmit flush').default(256),
    txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
  }),

  card: ({ tunables }) => new VirtioNetPci(propertiesOf(tunables), 'qemu'),

  build(world, vm, params) {
    const { sim, books, machine, packets, nic } = world;
    const { tunables } = params;
    const link = virtioLink(vm, tunables, 'qemu');
    const vcpu = world.vcpu(vm);
    const loop = qemuOf(world, vm);
    const memory = new GuestMemory(4096);
    const txRing = new SplitRing(tunables.tx_queue_size, link.eventIdx);
    const rxRing = new SplitRing(tunables.rx_queue_size, link.eventIdx);
    const network = world.hostNetwork;
    const tap = new Tap(books, packets, `${vm.name} tap`, vm.name, params.txqueuelen);
    const { vectors, ...interrupts } = virtioInterrupts(world, link, {
      vcpu,
      how: 'KVM_SIGNAL_MSI',
      loop: () => loop,
      driver: () => device,
    });
    const backend = new QemuVirtioNet(sim, books, {
      vm: vm.name,
      tx: new DeviceQueue(txRing, memory, 'qemu', transmitBufferOf(link.header)),
      rx: new DeviceQueue(rxRing, memory, 'qemu', receiveBuffer),
      memory,
      packets,
      tap,
      network,
      loop,
      ...interrupts,
      txBurst: params['x-txburst'],
    });
    const device: VirtioNet = new VirtioNet(
      vcpu,
      {
        tx: txRing,
        rx: rxRing,
        memory,
        packets,
        kickTx: new Kick(books, vcpu, 'tx', backend.kickTx, machine.fastMmio, link.notifySpace),
        kickRx: new Kick(books, vcpu, 'rx', backend.kickRx, machine.fastMmio, link.notifySpace),
        stackRx: books.costs.cost('stack.rx'),
        ...vectors,
      },
      driverOptions(params, link),
    );
    return {
      processor: vcpu,
      device,
      route: (flow) => {
        network.forward(flow, tap);
        nic.route(flow, network.function);
      },
    };
  },
});
