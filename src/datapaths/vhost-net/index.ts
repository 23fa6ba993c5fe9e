/**
 * vhost-net: a virtio ring served by a host kernel thread.
 *
 *   guest vCPU               │ host thread "vhost"            │ device
 *   virtio_net ─► tx ring ─kick─► worker ─copy─► tun, bridge ─┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─irqfd─ worker ◄─copy─ tap ring ◄──┼── NAPI ◄─ NIC ◄─ wire
 */
import { z } from 'zod';
import { VirtioNet } from '../../models/guest/virtio-net.ts';
import { VringDma } from '../../models/guest/vring-dma.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Kick } from '../../models/host/kick.ts';
import { Tap } from '../../models/host/tap.ts';
import { Vhost } from '../../models/host/vhost.ts';
import { VhostIotlb } from '../../models/host/vhost-iotlb.ts';
import { DeviceQueue } from '../../models/virtio/device-queue.ts';
import { GuestMemory } from '../../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBuffer } from '../../models/virtio/net-buffer.ts';
import { SplitRing } from '../../models/virtio/split-ring.ts';
import { defineDatapath } from '../datapath.ts';
import { guestDmaOf, qemuOf, TAP_QUEUE_LENGTH } from '../qemu.ts';
import { driverOptions, virtioParams } from '../virtio-params.ts';

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
    const txRing = new SplitRing(tunables.tx_queue_size, tunables.event_idx);
    const rxRing = new SplitRing(tunables.rx_queue_size, tunables.event_idx);
    const network = world.hostNetwork;
    const tap = new Tap(books, packets, `${vm.name} tap`, vm.name, params.txqueuelen);
    const loop = tunables.iommu_platform && vm.viommu !== undefined ? qemuOf(world, vm) : null;
    const behind = loop && guestDmaOf(world, vm, vcpu, loop.lock);
    const vhost = new Vhost(books, {
      vm: vm.name,
      tx: new DeviceQueue(txRing, memory, 'vhost', transmitBuffer),
      rx: new DeviceQueue(rxRing, memory, 'vhost', receiveBuffer),
      memory,
      packets,
      tap,
      network,
      txInterrupt: new InterruptPath(books, vcpu, 'irqfd', 'virtio-net tx', () => device.txLine),
      rxInterrupt: new InterruptPath(books, vcpu, 'irqfd', 'virtio-net rx', () => device.rxLine),
      inline: params.inlineBackend,
      // Whoever works inside the exit cannot wait for QEMU there: the teaching backend knows all pages.
      iotlb: loop && behind && !params.inlineBackend ? new VhostIotlb(books, loop, behind.iommu) : undefined,
    });
    world.hostThread(`vhost ${vm.name}`, vm.backend, (cpu) => vhost.program(cpu));
    const device: VirtioNet = new VirtioNet(
      vcpu,
      {
        tx: txRing,
        rx: rxRing,
        memory,
        packets,
        kickTx: new Kick(books, vcpu, 'tx', vhost.kickTx, machine.fastMmio),
        kickRx: new Kick(books, vcpu, 'rx', vhost.kickRx, machine.fastMmio),
        stackRx: books.costs.cost('stack.rx'),
        dma: behind ? new VringDma(behind.dma, memory) : undefined,
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
