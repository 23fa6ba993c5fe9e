/**
 * vhost-scsi: a virtio ring served by workers of the host's kernel, above its SCSI target.
 *
 *   guest vCPU                                         │ host thread "vhost"                   │ core, device
 *   block layer ─► SCSI ─► virtio_scsi ─► ring ──kick──┼─► pop ─► target ─► block layer, driver ┼─► disk
 *   block layer ◄─ SCSI ◄─ virtio_scsi ◄─ ring ◄irqfd──┼── push ◄─ work item ◄──────────────────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Kick } from '../../models/host/kick.ts';
import { doorbellOfEach } from '../../models/host/per-vcpu.ts';
import { TargetDevice } from '../../models/host/scsi-target.ts';
import type { VCpu } from '../../models/host/vcpu.ts';
import { VhostScsiWorker } from '../../models/host/vhost-scsi.ts';
import { VHOST } from '../../models/virtio/backend-rules.ts';
import { SCSI_FORMAT } from '../../models/virtio/blk-request.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { diskCpus } from '../disk-queues.ts';
import { VirtioDisk } from '../virtio-disk.ts';
import { diskTunableShape, requestQueues } from '../virtio-disk-params.ts';

const { packed: _, ...splitTunables } = diskTunableShape;

export const vhostScsi = defineDiskDatapath({
  kind: 'vhost-scsi',
  summary: 'Virtio ring served by kernel threads above the host’s SCSI target; a queue for each vCPU.',
  params: z.strictObject({
    tunables: z
      .strictObject({
        ...splitTunables,
        num_queues: requestQueues.optional(),
        worker_per_virtqueue: z
          .boolean()
          .describe('QEMU: a worker for each queue instead of one for the device')
          .default(false),
      })
      .prefault({})
      .describe('tunables by their real names'),
  }),

  build(world, vm, { tunables: { worker_per_virtqueue: each, num_queues, ...own } }) {
    const { sim, books, hostDisk, machine } = world;
    const tunables = { ...own, packed: false };
    const target = new TargetDevice(sim, books, vm.name);
    world.others.push(target);
    const worker = (name: string, cores: readonly number[]): VhostScsiWorker => {
      const made = new VhostScsiWorker(books, { vm: vm.name, disk: hostDisk, target, format: SCSI_FORMAT });
      world.hostThread(name, cores, (cpu) => made.program(cpu));
      return made;
    };
    const shared = each ? null : worker(`vhost ${vm.name}`, vm.backend);
    const cpus = diskCpus(world, vm, num_queues, ({ vcpus, lock, index }) => {
      const [vcpu] = vcpus;
      const disk = new VirtioDisk(world, vm, vcpu, { name: 'vhost-scsi', format: SCSI_FORMAT, tunables });
      const { headers } = disk;
      // Workers of their own get the VM's backend cores in turn.
      const serving = shared ?? worker(`vhost ${vm.name} q${index}`, [vm.backend[index % vm.backend.length]]);
      const interrupt = new InterruptPath(books, vcpu, 'irqfd', 'vhost-scsi', disk.line);
      const kicked = serving.serve({ queue: disk.device(VHOST), headers, interrupt });
      const kick = (each: VCpu) => new Kick(books, each, `q${index}`, kicked, machine.fastMmio);
      return { queue: disk.attach(doorbellOfEach(vcpus, kick), undefined, lock) };
    });
    return { cpus, capacity: hostDisk.port.disk.capacity };
  },
});
