/** The QEMU process of a VM: its main loop thread and its big lock. */
import { BigLock } from '../models/host/big-lock.ts';
import { MainLoop } from '../models/host/main-loop.ts';
import type { Vm, World } from './world.ts';

export const qemuOf = (world: World, vm: Vm): MainLoop => {
  const loop = new MainLoop(world.books, new BigLock(world.books, vm.name));
  world.hostThread(`qemu ${vm.name}`, vm.backend, (cpu) => loop.program(cpu));
  return loop;
};

/** txqueuelen of a tap. */
export const TAP_QUEUE_LENGTH = 1000;
