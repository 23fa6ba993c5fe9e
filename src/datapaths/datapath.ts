/** What a datapath is: parameters, and wiring from a VM's network device to the NIC and back. */
import type { z } from 'zod';
import type { PollLoop } from '../models/guest/polling/poll-loop.ts';
import type { Processor } from '../models/hardware/processor.ts';
import type { Doorbell, NetDevice } from '../models/linux/net-device.ts';
import type { Virtqueue } from '../models/virtio/virtqueue.ts';
import type { Card } from './guest-bus.ts';
import type { Vm, World } from './world.ts';

/** One VM (or bare metal) on a datapath, ready for its applications. */
export interface Attachment {
  /** Where applications run. */
  readonly processor: Processor;
  readonly device: NetDevice;
  /** Where the guest polls: its applications run in here, and no kernel's network stack is above the device. */
  readonly loop?: PollLoop;
  /** Frames of `flow` that arrive at the NIC go to this VM. */
  route(flow: number): void;
  /** Of a virtio device: its queues as the guest has them, for a hostile guest. */
  readonly virtqueues?: Readonly<
    Record<'tx' | 'rx', { readonly queue: Virtqueue; readonly doorbell: Doorbell }>
  >;
}

export interface Datapath<P extends z.ZodType = z.ZodType> {
  /** Name in scenarios and results. */
  readonly kind: string;
  /** One line for `vmio list datapaths`. */
  readonly summary: string;
  /** Parameters with their defaults. */
  readonly params: P;
  /** Of a virtio device: the largest rings that its backend takes, entries. */
  readonly rings?: { readonly tx: number; readonly rx: number };
  /** The card that a VM's guest finds on its PCI bus; bare metal has none. */
  card?(params: z.output<P>): Card;
  build(world: World, vm: Vm, params: z.output<P>): Attachment;
}

/** Types the parameters of `build` by the schema. */
export const defineDatapath = <P extends z.ZodType>(datapath: Datapath<P>): Datapath<P> => datapath;
