/**
 * vhost-net: a virtio ring served by a host kernel thread.
 *
 *   guest vCPU               │ host thread "vhost"            │ device
 *   virtio_net ─► tx ring ─kick─► worker ─copy─► tun, bridge ─┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─irqfd─ worker ◄─copy─ tap ring ◄──┼── NAPI ◄─ NIC ◄─ wire
 */
import { z } from 'zod';
import { VirtioNet } from '../../models/guest/virtio-net.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Kick } from '../../models/host/kick.ts';
import { Tap } from '../../models/host/tap.ts';
import { Vhost } from '../../models/host/vhost.ts';
import { VHOST } from '../../models/virtio/backend-rules.ts';
import { GuestMemory } from '../../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBuffer } from '../../models/virtio/net-buffer.ts';
import { virtqueue } from '../../models/virtio/virtqueue.ts';
import { defineDatapath } from '../datapath.ts';
import { TAP_QUEUE_LENGTH } from '../qemu.ts';
import { driverOptions, ringFormat, virtioParams } from '../virtio-params.ts';

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

  build(world, vm, params) {
    const { books, machine, packets } = world;
    const { tunables } = params;
    const vcpu = world.vcpu(vm);
    const memory = new GuestMemory(4096);
    const format = ringFormat(params);
    const tx = virtqueue(format, tunables.tx_queue_size);
    const rx = virtqueue(format, tunables.rx_queue_size);
    const network = world.hostNetwork;
    const tap = new Tap(books, packets, `${vm.name} tap`, vm.name, params.txqueuelen);
    const vhost = new Vhost(books, {
      vm: vm.name,
      tx: tx.device(memory, VHOST, transmitBuffer),
      rx: rx.device(memory, VHOST, receiveBuffer),
      memory,
      packets,
      tap,
      network,
      txInterrupt: new InterruptPath(books, vcpu, 'irqfd', 'virtio-net tx', () => device.txLine),
      rxInterrupt: new InterruptPath(books, vcpu, 'irqfd', 'virtio-net rx', () => device.rxLine),
      inline: params.inlineBackend,
    });
    world.hostThread(`vhost ${vm.name}`, vm.backend, (cpu) => vhost.program(cpu));
    const device: VirtioNet = new VirtioNet(
      vcpu,
      {
        tx,
        rx,
        memory,
        packets,
        kickTx: new Kick(books, vcpu, 'tx', vhost.kickTx, machine.fastMmio),
        kickRx: new Kick(books, vcpu, 'rx', vhost.kickRx, machine.fastMmio),
        stackRx: books.costs.cost('stack.rx'),
      },
      driverOptions(params),
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
