/**
 * virtio-net served by QEMU itself: the ring is read and written by the main loop thread.
 *
 *   guest vCPU               │ host thread "qemu main"           │ device
 *   virtio_net ─► tx ring ─kick─► eventfd, BH ─writev─► bridge ──┼─► NIC ─► wire
 *   virtio_net ◄─ rx ring ◄─KVM_SIGNAL_MSI─ copy ◄─read─ tap ◄───┼── NIC ◄─ wire
 */
import { z } from 'zod';
import { VirtioNet } from '../../models/guest/virtio-net.ts';
import { VringDma } from '../../models/guest/vring-dma.ts';
import type { InterruptLine } from '../../models/hardware/processor.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Kick } from '../../models/host/kick.ts';
import { QemuVirtioNet } from '../../models/host/qemu-virtio-net.ts';
import { Tap } from '../../models/host/tap.ts';
import { DeviceQueue } from '../../models/virtio/device-queue.ts';
import { GuestMemory } from '../../models/virtio/guest-memory.ts';
import { receiveBuffer, transmitBuffer } from '../../models/virtio/net-buffer.ts';
import { SplitRing } from '../../models/virtio/split-ring.ts';
import { defineDatapath } from '../datapath.ts';
import { guestDmaOf, qemuOf, TAP_QUEUE_LENGTH } from '../qemu.ts';
import { driverOptions, virtioParams } from '../virtio-params.ts';

export const virtioNet = defineDatapath({
  kind: 'virtio-net',
  summary: 'Virtio ring served by QEMU in user space, in its main loop.',
  params: z.strictObject({
    ...virtioParams,
    'x-txburst': z.int().min(1).max(1024).describe('QEMU: packets per transmit flush').default(256),
    txqueuelen: z.int().min(1).max(100_000).describe('ring of the tap, frames').default(TAP_QUEUE_LENGTH),
  }),

  build(world, vm, params) {
    const { sim, books, machine, packets, nic } = world;
    const { tunables } = params;
    const vcpu = world.vcpu(vm);
    const loop = qemuOf(world, vm);
    const memory = new GuestMemory(4096);
    const txRing = new SplitRing(tunables.tx_queue_size, tunables.event_idx);
    const rxRing = new SplitRing(tunables.rx_queue_size, tunables.event_idx);
    const network = world.hostNetwork;
    const tap = new Tap(books, packets, `${vm.name} tap`, vm.name, params.txqueuelen);
    const behind = tunables.iommu_platform ? guestDmaOf(world, vm, vcpu, loop.lock) : null;
    const path = (vector: string, line: () => InterruptLine): InterruptPath =>
      new InterruptPath(books, vcpu, 'KVM_SIGNAL_MSI', `virtio-net ${vector}`, line);
    const backend = new QemuVirtioNet(sim, books, {
      vm: vm.name,
      tx: new DeviceQueue(txRing, memory, 'qemu', transmitBuffer),
      rx: new DeviceQueue(rxRing, memory, 'qemu', receiveBuffer),
      memory,
      packets,
      tap,
      network,
      loop,
      iommu: behind?.iommu,
      txInterrupt: path('tx', () => device.txLine),
      rxInterrupt: path('rx', () => device.rxLine),
      configInterrupt: () => path('config', () => device.configLine()),
      txBurst: params['x-txburst'],
    });
    const device: VirtioNet = new VirtioNet(
      vcpu,
      {
        tx: txRing,
        rx: rxRing,
        memory,
        packets,
        kickTx: new Kick(books, vcpu, 'tx', backend.kickTx, machine.fastMmio),
        kickRx: new Kick(books, vcpu, 'rx', backend.kickRx, machine.fastMmio),
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
        nic.route(flow, network.function);
      },
    };
  },
});
