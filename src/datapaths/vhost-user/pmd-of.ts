/** The polling threads of a world: one for each set of cores that VMs name as their backend's, shared by those VMs. */
import { TaskThread } from '../../models/hardware/thread.ts';
import { Pmd } from '../../models/host/pmd.ts';
import { PmdNic } from '../../models/host/pmd-nic.ts';
import type { World } from '../world.ts';

export interface PmdThread {
  readonly pmd: Pmd;
  readonly nic: PmdNic;
}

/** The switch's memory: one huge page of 1 GiB, as DPDK's guide recommends, in pages of 4 KiB. */
const POOL_PAGES = 2 ** 18;

const threads = new WeakMap<World, Map<string, PmdThread>>();

export const pmdOf = (world: World, cores: readonly number[]): PmdThread => {
  const known = threads.get(world) ?? new Map<string, PmdThread>();
  threads.set(world, known);
  const where = cores.join();
  const existing = known.get(where);
  if (existing !== undefined) return existing;
  const { sim, books, packets } = world;
  const pmd = new Pmd(books);
  // vfio-pci maps the switch's memory once: nothing is mapped per packet, but DMA is translated.
  const fn = world.addFunction(`pmd nic ${where}`, '', world.iommu.domain('1 GiB', POOL_PAGES));
  const nic = new PmdNic(sim, books, packets, { fn, pmd });
  const thread = new TaskThread(`pmd ${where}`, { affinity: cores });
  world.cores[cores[0]].host(thread, thread.name, (cpu) => pmd.program(cpu, thread)).signal();
  const added = { pmd, nic };
  known.set(where, added);
  return added;
};
