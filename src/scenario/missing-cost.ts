/** Whether a machine profile prices everything that a datapath and its applications charge. */
import { BACKGROUND_WORK } from '../accounting/unpriced.ts';
import { datapathOf, datapaths, diskDatapathOf, diskDatapaths } from '../datapaths/index.ts';
import type { Machine } from '../datapaths/machine.ts';
import { type Vm, World } from '../datapaths/world.ts';
import { Receiver } from '../models/guest/applications/receiver.ts';
import { fixedSize } from '../models/guest/arrivals.ts';
import { NetStack } from '../models/guest/net-stack.ts';
import { Socket } from '../models/guest/socket.ts';

const buildNetwork = (world: World, vm: Vm, kind: string, params: unknown): void => {
  const { packets, books } = world;
  const { processor, device } = datapathOf(kind).build(world, vm, params as never);
  const record = books.timeline.workload('any');
  const stack = new NetStack(processor, packets, device);
  new Receiver(processor, {
    record,
    flow: 0,
    socket: new Socket(1, 1),
    stack,
    packets,
    sizes: fixedSize(60),
  });
};

/** Builds the datapath once, without running it. @returns the first cost that was asked for in vain, or null. */
export const missingCost = (
  machine: Machine,
  kind: string,
  params: unknown,
  guest: Pick<Vm, 'guest' | 'viommu' | 'disk' | 'swiotlb'>,
  vcpus = 1,
): string | null => {
  try {
    const world = new World(machine, { seed: 0, replication: 0, maxEvents: 1 });
    const vm = { name: 'vm', vcpus: Array.from({ length: vcpus }, () => [0]), backend: [0], ...guest };
    if (datapaths.some((each) => each.kind === kind)) buildNetwork(world, vm, kind, params);
    if (diskDatapaths.some((each) => each.kind === kind))
      diskDatapathOf(kind).build(world, vm, params as never);
    world.books.costs.cost(BACKGROUND_WORK);
    return null;
  } catch (error) {
    const [, name] = (error instanceof Error && /^no cost named "(.*)" in/.exec(error.message)) || [];
    if (name === undefined) throw error;
    return name;
  }
};
