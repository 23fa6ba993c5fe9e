/** The monitor's process of a VM: QEMU's main loop thread and its big lock, or another monitor's event loop. */
import { BigLock, NO_LOCK } from '../models/host/big-lock.ts';
import { MainLoop } from '../models/host/main-loop.ts';
import { type Monitor, QEMU_MONITOR } from '../models/host/monitor.ts';
import { Tap } from '../models/host/tap.ts';
import type { Attachment } from './datapath.ts';
import type { Vm, World } from './world.ts';

export const qemuOf = (world: World, vm: Vm): MainLoop => monitorOf(world, vm, QEMU_MONITOR);

/** The thread of a monitor that serves the VM's device. */
export const monitorOf = (world: World, vm: Vm, monitor: Monitor): MainLoop => {
  const lock = monitor.bigLock ? new BigLock(world.books, vm.name) : NO_LOCK;
  const loop = new MainLoop(world.books, lock, monitor);
  world.hostThread(`${monitor.name} ${vm.name}`, vm.backend, (cpu) => loop.program(cpu));
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
