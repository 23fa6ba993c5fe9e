/** Whoever serves the queues of a virtio disk in user space: QEMU's iothreads, its main loop, or another monitor's threads. */
import type { EventLoop } from '../models/host/event-loop.ts';
import type { AioEngine } from '../models/host/host-block.ts';
import { IoThread, type IoThreadProperties } from '../models/host/io-thread.ts';
import type { MainLoop } from '../models/host/main-loop.ts';
import { WorkerPool } from '../models/host/worker-pool.ts';
import type { DiskMonitor } from './disk-monitor.ts';
import { type Mapping, mappedQueues } from './iothread-mapping.ts';
import { monitorOf } from './qemu.ts';
import type { Vm, World } from './world.ts';

export interface QueueServer {
  readonly loop: EventLoop;
  readonly engine: AioEngine;
}

interface Wanted {
  readonly iothread: boolean;
  readonly tunables: IoThreadProperties & { readonly 'iothread-vq-mapping'?: Mapping | undefined };
}

/** A pool of threads that wait for I/Os, on the cores of the VM's backend. */
const workersOf = (world: World, vm: Vm): WorkerPool =>
  new WorkerPool(world.books, world.hostDisk, (program) =>
    world.hostThread(`workers ${vm.name}`, vm.backend, program),
  );

/** How a device model of QEMU asks for I/O. */
export const engineOf = (world: World, vm: Vm, aio: DiskMonitor['engine']): AioEngine =>
  aio === 'threads' ? workersOf(world, vm) : aio;

const ioThreadsOf = (world: World, vm: Vm, { tunables }: Wanted, queues: number): readonly EventLoop[] => {
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

/** Threads of a monitor, the same one for all queues but with Cloud Hypervisor. */
const monitorLoops = (world: World, vm: Vm, { policy }: DiskMonitor, queues: number): readonly MainLoop[] => {
  if (policy.name !== 'cloud-hypervisor') return new Array(queues).fill(monitorOf(world, vm, policy));
  return Array.from({ length: queues }, (_, index) =>
    monitorOf(world, { ...vm, backend: [vm.backend[index % vm.backend.length]] }, policy, `${index}`),
  );
};

/** By queue. */
export const diskServers = (
  world: World,
  vm: Vm,
  monitor: DiskMonitor,
  wanted: Wanted,
  queues: number,
): readonly QueueServer[] => {
  const loops =
    monitor.policy.name === 'qemu' && wanted.iothread
      ? ioThreadsOf(world, vm, wanted, queues)
      : monitorLoops(world, vm, monitor, queues);
  // A pool for each loop, as each AioContext has one.
  const engines = new Map([...new Set(loops)].map((loop) => [loop, engineOf(world, vm, monitor.engine)]));
  return loops.map((loop) => ({ loop, engine: engines.get(loop) as AioEngine }));
};
