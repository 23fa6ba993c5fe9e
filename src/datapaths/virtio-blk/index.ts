/**
 * virtio-blk served by QEMU, in its main loop or in an iothread of the device's own.
 *
 *   guest vCPU                         │ host thread, "iothread" or "qemu"     │ core, device
 *   block layer ─► virtio_blk ─► ring ─kick─► pop, merge ─► io_submit ─────────┼─► block layer, driver ─► disk
 *   block layer ◄─ virtio_blk ◄─ ring ◄─irq── push ◄─ completions ◄────────────┼── interrupt ◄─ disk
 */
import { z } from 'zod';
import { VirtioBlk } from '../../models/guest/virtio-blk.ts';
import type { RequestHeaders } from '../../models/hardware/disk/block-io.ts';
import { EmulatedKick } from '../../models/host/emulated-kick.ts';
import type { EventLoop } from '../../models/host/event-loop.ts';
import { AIO_ENGINES } from '../../models/host/host-block.ts';
import { InterruptPath } from '../../models/host/interrupt-path.ts';
import { IoThread } from '../../models/host/io-thread.ts';
import { Kick } from '../../models/host/kick.ts';
import { MainLoop } from '../../models/host/main-loop.ts';
import { SharedLock } from '../../models/host/shared-lock.ts';
import { UserspaceVirtioBlk } from '../../models/host/userspace-virtio-blk.ts';
import { BlockQueue } from '../../models/linux/block/block-queue.ts';
import { QEMU } from '../../models/virtio/backend-rules.ts';
import { blkRequest } from '../../models/virtio/blk-request.ts';
import { GuestMemory } from '../../models/virtio/guest-memory.ts';
import { virtqueue } from '../../models/virtio/virtqueue.ts';
import { defineDiskDatapath } from '../disk-datapath.ts';
import { qemuOf } from '../qemu.ts';
import type { Vm, World } from '../world.ts';
import { mappedQueues, mapping } from './iothread-mapping.ts';
import { schedulerOf, schedulerSchema } from './scheduler-schema.ts';

const IN_IOTHREAD = { work: 'iothread: submit', complete: 'iothread: complete', wait: 'wait: iothread' };
const IN_MAIN_LOOP = { work: 'qemu: submit', complete: 'qemu: complete', wait: 'wait: QEMU main loop' };

/** Buffers of guest memory for each tag: header and the longest table. */
const BUFFERS_PER_TAG = 4;

const unsigned = z.int().min(0).max(1e9);

const params = z
  .strictObject({
    tunables: z
      .strictObject({
        'queue-size': z
          .int()
          .min(2)
          .max(1024)
          .describe('QEMU: entries of the ring, a power of two')
          .default(256),
        event_idx: z.boolean().describe('QEMU: VIRTIO_F_EVENT_IDX').default(true),
        indirect_desc: z.boolean().describe('QEMU: VIRTIO_F_INDIRECT_DESC').default(true),
        packed: z.boolean().describe('QEMU: VIRTIO_F_RING_PACKED').default(false),
        'request-merging': z.boolean().describe('QEMU: requests side by side become one').default(true),
        'iothread-vq-mapping': mapping.optional(),
        'poll-max-ns': unsigned.describe('QEMU iothread: longest look before it blocks, ns').default(32_768),
        'poll-grow': unsigned.describe('QEMU iothread: factor by which the look grows; 0: 2').default(0),
        'poll-shrink': unsigned
          .describe('QEMU iothread: divisor by which it shrinks; 0: to nothing')
          .default(0),
      })
      .prefault({})
      .describe('tunables by their real names'),
    iothread: z.boolean().describe('QEMU: the device has an iothread; false: its main loop').default(true),
    aio: z.enum(AIO_ENGINES).describe('QEMU: how it asks the host for I/O').default('native'),
    ioeventfd: z
      .boolean()
      .describe('QEMU: false makes each kick an exit to QEMU in the vCPU thread')
      .default(true),
    scheduler: schedulerSchema.optional(),
    batching: z
      .boolean()
      .describe('teaching: false serves one request in each turn of the loop, and completes it by itself')
      .default(true),
    sharedLock: z
      .boolean()
      .describe('teaching: each request takes a lock that all queues share (cost qemu.locked)')
      .default(false),
  })
  .refine(({ tunables }) => Number.isInteger(Math.log2(tunables['queue-size'])), {
    path: ['tunables', 'queue-size'],
    message: 'must be a power of two',
  })
  .refine(({ iothread, ioeventfd }) => !iothread || ioeventfd, {
    path: ['ioeventfd'],
    message: 'must be true with an iothread, which is kicked by nothing else (QEMU refuses it)',
  })
  .refine(({ iothread, tunables }) => iothread || tunables['iothread-vq-mapping'] === undefined, {
    path: ['tunables', 'iothread-vq-mapping'],
    message: 'needs iothread: true',
  });

/** Whoever serves the queues, by queue: one iothread, several by the mapping, or the main loop. */
const loopsOf = (
  world: World,
  vm: Vm,
  { tunables, iothread }: z.output<typeof params>,
): readonly EventLoop[] => {
  const queues = vm.vcpus.length;
  if (!iothread) return new Array(queues).fill(qemuOf(world, vm));
  const entries = mappedQueues(tunables['iothread-vq-mapping'], queues);
  const threads = entries.map((_, i) => {
    const thread = new IoThread(world.sim, world.books, tunables);
    const name = entries.length === 1 ? `iothread ${vm.name}` : `iothread${i} ${vm.name}`;
    // With several, each has its own of the VM's backend cores, as far as there are enough.
    const cores = entries.length === 1 ? vm.backend : [vm.backend[i % vm.backend.length]];
    world.hostThread(name, cores, (cpu, placed) => thread.program(cpu, placed));
    return thread;
  });
  return Array.from(
    { length: queues },
    (_, queue) => threads[entries.findIndex((own) => own.includes(queue))],
  );
};

export const virtioBlk = defineDiskDatapath({
  kind: 'virtio-blk',
  summary:
    'Virtio ring served by QEMU in user space, in iothreads or in its main loop; a queue for each vCPU.',
  params,

  build(world, vm, options) {
    const { sim, books, hostDisk, machine } = world;
    const { tunables, iothread } = options;
    const size = tunables['queue-size'];
    const format = { packed: tunables.packed, eventIdx: tunables.event_idx, inOrder: false };
    const shared = options.sharedLock ? new SharedLock(sim, books, vm.name) : undefined;
    if (shared !== undefined) world.others.push(shared);
    const loops = loopsOf(world, vm, options);
    const cpus = vm.vcpus.map((_, index) => {
      const vcpu = world.vcpu(vm, index);
      const ring = virtqueue(format, size);
      books.invariants.add(`${vm.name} virtio-blk q${index}`, () => ring.broken());
      const memory = new GuestMemory(size * BUFFERS_PER_TAG);
      const headers: RequestHeaders = new Map();
      const loop = loops[index];
      const how = iothread ? 'eventfd' : 'KVM_SIGNAL_MSI';
      const interrupt = new InterruptPath(books, vcpu, how, 'virtio-blk', () => driver.line);
      const backend = new UserspaceVirtioBlk(sim, books, {
        vm: vm.name,
        queue: ring.device(memory, QEMU, blkRequest),
        headers,
        loop,
        disk: hostDisk,
        interrupt,
        engine: options.aio,
        merging: tunables['request-merging'],
        batching: options.batching,
        scheduler: options.scheduler && schedulerOf(options.scheduler),
        shared,
        stages: iothread ? IN_IOTHREAD : IN_MAIN_LOOP,
      });
      ring.pollOffered(() => loop.notice());
      const kick =
        loop instanceof MainLoop && !options.ioeventfd
          ? new EmulatedKick(books, vcpu, `q${index}`, backend.kick, loop.lock)
          : new Kick(books, vcpu, `q${index}`, backend.kick, machine.fastMmio);
      const driver: VirtioBlk = new VirtioBlk(
        vcpu,
        { virtqueue: ring, memory, headers, kick, name: 'virtio-blk' },
        { indirect: tunables.indirect_desc },
      );
      return { processor: vcpu, queue: new BlockQueue(vcpu, driver, 'virtio-blk') };
    });
    return { cpus, capacity: hostDisk.port.disk.capacity };
  },
});
