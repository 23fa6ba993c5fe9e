/** The QEMU process of a VM: its main loop thread and its big lock. */
import { BigLock } from '../models/host/big-lock.ts';
import { MainLoop } from '../models/host/main-loop.ts';
import { Tap } from '../models/host/tap.ts';
import type { Attachment } from './datapath.ts';
import type { Vm, World } from './world.ts';

export const qemuOf = (world: World, vm: Vm): MainLoop => {
  const loop = new MainLoop(world.books, new BigLock(world.books, vm.name));
  world.hostThread(`qemu ${vm.name}`, vm.backend, (cpu) => loop.program(cpu));
  return loop;
};

/** txqueuelen of a tap. */
export const TAP_QUEUE_LENGTH = 1000;

/** The tap of a VM. @param length its txqueuelen, frames. */
export const tapOf = ({ books, packets }: World, vm: Vm, length: number): Tap =>
  new Tap(books, packets, `${vm.name} tap`, vm.name, length);

/** Frames of a flow go from the host's NIC over the bridge to `tap`. */
export const routeTo =
  ({ hostNetwork, nic }: World, tap: Tap): Attachment['route'] =>
  (flow) => {
    hostNetwork.forward(flow, tap);
    nic.route(flow, hostNetwork.function);
  };
