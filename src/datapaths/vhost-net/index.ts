/**
 * vhost-net: a virtio ring served by a host kernel thread.
 *
 *   guest vCPU               │ host thread "vhost"            │ device
 *   virtio_net ─► tx ring ─kick─► worker ─copy─► tun, bridge ─┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─irqfd─ worker ◄─copy─ tap ring ◄──┼── NAPI ◄─ NIC ◄─ wire
 */
import { z } from 'zod';
import { VirtioNet } from '../../models/guest/virtio-net.ts';
import { Kick } from '../../models/host/kick.ts';
import { Tap } from '../../models/host/tap.ts';
import { Vhost } from '../../models/host/vhost.ts';
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

export const vhostNet = defineDatapath({
  kind: 'vhost-net',
  summary: 'Virtio ring served by a host kernel thread on its own core.',
  params: z.strictObject({
    ...virtioParams,
    inlineBackend: z
      .boolean()
      .describe('teaching: the kicking vCPU serves the transmit ring itself, inside the exit')
      .default(false),
    txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
  }),

  card: ({ tunables }) => new VirtioNetPci(propertiesOf(tunables), 'vhost'),

  build(world, vm, params) {
    const { books, machine, packets } = world;
    const { tunables } = params;
    const link = virtioLink(vm, tunables, 'vhost');
    const vcpu = world.vcpu(vm);
    const memory = new GuestMemory(4096);
    const txRing = new SplitRing(tunables.tx_queue_size, link.eventIdx);
    const rxRing = new SplitRing(tunables.rx_queue_size, link.eventIdx);
    const network = world.hostNetwork;
    const tap = new Tap(books, packets, `${vm.name} tap`, vm.name, params.txqueuelen);
    const { vectors, txInterrupt, rxInterrupt } = virtioInterrupts(world, link, {
      vcpu,
      how: 'irqfd',
      loop: () => qemuOf(world, vm),
      driver: () => device,
    });
    const vhost = new Vhost(books, {
      vm: vm.name,
      tx: new DeviceQueue(txRing, memory, 'vhost', transmitBufferOf(link.header)),
      rx: new DeviceQueue(rxRing, memory, 'vhost', receiveBuffer),
      memory,
      packets,
      tap,
      network,
      txInterrupt,
      rxInterrupt,
      inline: params.inlineBackend,
    });
    world.hostThread(`vhost ${vm.name}`, vm.backend, (cpu) => vhost.program(cpu));
    const device: VirtioNet = new VirtioNet(
      vcpu,
      {
        tx: txRing,
        rx: rxRing,
        memory,
        packets,
        kickTx: new Kick(books, vcpu, 'tx', vhost.kickTx, machine.fastMmio, link.notifySpace),
        kickRx: new Kick(books, vcpu, 'rx', vhost.kickRx, machine.fastMmio, link.notifySpace),
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
        world.nic.route(flow, network.function);
      },
    };
  },
});
