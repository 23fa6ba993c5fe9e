/**
 * vhost-user-blk: the ring is polled by a reactor of SPDK, which drives the disk from user space.
 *
 *   guest vCPU                                  │ host thread "spdk", always running │ device
 *   block layer ─► virtio_blk ─► ring ──────────┼─► look ─► bdev, NVMe driver ───────┼─► disk
 *   block layer ◄─ virtio_blk ◄─ ring ◄──irqfd──┼── push ◄─ look ◄───────────────────┼── disk
 */
import { z } from 'zod';
import { TaskThread } from '../../models/hardware/thread.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { Kick } from '../../models/host/kick.ts';
import { doorbellOfEach } from '../../models/host/per-vcpu.ts';
import { Pmd } from '../../models/host/pmd.ts';
import { SpdkBlk } from '../../models/host/spdk-blk.ts';
import type { VCpu } from '../../models/host/vcpu.ts';
import { SPDK } from '../../models/virtio/backend-rules.ts';
import { BLK_FORMAT } from '../../models/virtio/blk-request.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { diskCpus } from '../disk-queues.ts';
import { VirtioDisk } from '../virtio-disk.ts';
import { diskTunableShape, requestQueues } from '../virtio-disk-params.ts';
import type { World } from '../world.ts';

const reactors = new WeakMap<World, Map<string, Pmd>>();

/** One reactor for each set of cores that VMs name as their backend's, shared by those VMs. */
const reactorOf = (world: World, cores: readonly number[]): Pmd => {
  const known = reactors.get(world) ?? new Map<string, Pmd>();
  reactors.set(world, known);
  const where = cores.join();
  const existing = known.get(where);
  if (existing !== undefined) return existing;
  const reactor = new Pmd(world.books);
  const thread = new TaskThread(`spdk ${where}`, { affinity: cores });
  world.cores[cores[0]].host(thread, thread.name, (cpu) => reactor.program(cpu, thread)).signal();
  known.set(where, reactor);
  return reactor;
};

export const vhostUserBlk = defineDiskDatapath({
  kind: 'vhost-user-blk',
  summary: 'Virtio ring polled by an SPDK reactor on a core of its own; a queue for each vCPU.',
  params: z.strictObject({
    tunables: z
      .strictObject({ ...diskTunableShape, 'num-queues': requestQueues.optional() })
      .prefault({})
      .describe('tunables by their real names'),
  }),

  build(world, vm, { tunables }) {
    const { books, machine, diskPort } = world;
    const reactor = reactorOf(world, vm.backend);
    const cpus = diskCpus(world, vm, tunables['num-queues'], ({ vcpus, lock, index }) => {
      const [vcpu] = vcpus;
      const disk = new VirtioDisk(world, vm, vcpu, {
        name: 'vhost-user-blk',
        format: BLK_FORMAT,
        tunables,
      });
      const { headers, format, ring } = disk;
      const target = new SpdkBlk(books, {
        vm: vm.name,
        queue: disk.device(SPDK),
        headers,
        format,
        port: diskPort,
        reactor,
        interrupt: new InterruptPath(books, vcpu, 'eventfd', 'vhost-user-blk', disk.line),
      });
      ring.pollOffered(() => target.offered());
      // Nobody listens to kicks; one that slips out before they are off is an exit all the same.
      const nobody = { asleep: false, kick: () => {} };
      const kick = (each: VCpu) => new Kick(books, each, `q${index}`, nobody, machine.fastMmio);
      return { queue: disk.attach(doorbellOfEach(vcpus, kick), undefined, lock) };
    });
    return { cpus, capacity: diskPort.disk.capacity };
  },
});
