/**
 * vDPA: the NIC is a virtio device in hardware; vhost-vdpa sets it up, and nothing of the host is on the data path.
 *
 *   guest vCPU                           │ device
 *   virtio_net ─► tx ring ─doorbell──────┼─► reads the ring by DMA ─► wire
 *   virtio_net ◄─ rx ring ◄─posted MSI-X─┼── writes the ring by DMA ◄─ wire
 */
import { z } from 'zod';
import { ringPages } from '../../models/hardware/nic-function.ts';
import { VfInterrupt } from '../../models/host/vf-interrupt.ts';
import { VfioMappings } from '../../models/host/vfio-mappings.ts';
import { VirtioNetPci } from '../../models/host/virtio-net-pci.ts';
import { HARDWARE } from '../../models/virtio/backend-rules.ts';
import { defineDatapath } from '../datapath.ts';
import { VirtioGuest } from '../virtio-guest.ts';
import { propertiesOf, virtioParams } from '../virtio-params.ts';
import { VirtioNic } from './virtio-nic.ts';

/** The guest's addresses in pages of 4 KiB. */
const PAGE_SHIFT = 12;

/** One for each queue and one for the configuration; others are not modelled here. */
const VECTORS_MIN = 3;

const usecs = z.int().min(0).max(100_000).default(0);
const frames = z.int().min(0).max(1024).default(0);

export const vdpa = defineDatapath({
  kind: 'vdpa',
  summary: 'Virtio ring read and written by the NIC itself; no exit on the data path.',
  params: z.strictObject({
    ...virtioParams,
    coalescing: z
      .strictObject({
        'rx-usecs': usecs.describe('us after the first frame received; 0: each one interrupts'),
        'rx-frames': frames.describe('frames received that interrupt at once; 0: each one'),
        'tx-usecs': usecs.describe('us after the first frame sent; 0: each one interrupts'),
        'tx-frames': frames.describe('frames sent that interrupt at once; 0: each one'),
      })
      .prefault({})
      .describe('ethtool -C of the guest (VIRTIO_NET_F_NOTF_COAL); still subject to the ring’s suppression'),
  }),
  rings: { tx: 1024, rx: 1024 },
  card: ({ tunables }) => {
    const properties = propertiesOf(tunables);
    if (properties.vectors < VECTORS_MIN) {
      throw new RangeError(
        `vectors: ${properties.vectors} is too few: a queue of this device has a vector of its own`,
      );
    }
    return new VirtioNetPci(properties, 'vdpa');
  },

  build(world, vm, params) {
    const { sim, books, packets, machine, cores } = world;
    const guest = new VirtioGuest(world, vm, params, 'vdpa');
    const { vcpu, memory, behind } = guest;
    // vhost-vdpa maps all guest memory once, or what the guest maps behind an IOMMU that it sees; DMA is translated.
    behind?.iommu.notify(new VfioMappings(books, behind.iommu.domain, world.invalidations));
    const domain = behind?.iommu.domain ?? world.guestDomain(vm);
    const fn = world.addFunction(`${vm.name} vdpa`, vm.name, domain);
    if (behind !== null) {
      const { txRing, rxRing } = fn.settings;
      fn.place(behind.dma.mapRing(ringPages(txRing)), behind.dma.mapRing(ringPages(rxRing)));
    }
    const { coalescing } = params;
    const nic = new VirtioNic(sim, books, {
      vm: vm.name,
      function: fn,
      nic: machine.nic,
      ...guest.queues(HARDWARE),
      memory,
      pageOf: behind === null ? (address) => address >>> PAGE_SHIFT : (address) => memory.page(address),
      packets,
      coalescing: {
        tx: { usecs: coalescing['tx-usecs'], frames: coalescing['tx-frames'] },
        rx: { usecs: coalescing['rx-usecs'], frames: coalescing['rx-frames'] },
      },
      message: (queue) => vectors[queue].message(),
    });
    const attached = guest.attach(nic.doorbellTx, nic.doorbellRx);
    const vector = (queue: 'tx' | 'rx'): VfInterrupt => {
      const line = queue === 'tx' ? attached.device.txLine : attached.device.rxLine;
      return new VfInterrupt(books, vcpu, cores[machine.irqCore], line, machine.postedInterrupts);
    };
    const vectors = { tx: vector('tx'), rx: vector('rx') };
    nic.start();
    return { ...attached, route: (flow) => world.nic.route(flow, fn) };
  },
});
