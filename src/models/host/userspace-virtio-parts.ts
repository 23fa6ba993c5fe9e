/** What a virtio-net device in user space is made of, and what its two queues share. */
import type { Picoseconds } from '../../units.ts';
import type { Context } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';
import type { GuestIommu } from './guest-iommu.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';
import type { BackendParts } from './virtio-net-backend.ts';

/** QEMU's properties of the transmit queue. */
export interface TransmitProperties {
  readonly tx: 'bh' | 'timer';
  /** x-txtimer. */
  readonly timer: Picoseconds;
  /** x-txburst: packets of one flush. */
  readonly burst: number;
}

export interface UserspaceVirtioNetParts extends BackendParts {
  /** In front of the device (iommu_platform). */
  readonly iommu?: GuestIommu | undefined;
  readonly loop: MainLoop;
  /** For changes of the configuration; asked for when one changes. Null: VERSION_1 was not negotiated. */
  readonly configInterrupt: (() => Interrupt) | null;
  readonly transmit: TransmitProperties;
}

/** What a kick leads to where no ioeventfd stands between: the kicking thread runs the device's handler itself. */
export interface HandlesOutput {
  handleOutput(cpu: Context): Access;
}

/** The device as its queues see it. */
export interface UserspaceDevice {
  /** A ring broke the rules: nothing is popped any more. */
  readonly broken: boolean;
  pop(queue: DeviceQueue): number;
  /** Gives a buffer back, and decides about an interrupt where that is done for each. */
  use(cpu: Context, queue: DeviceQueue, head: number, written: number): Access;
  /** Done with a queue for now: publishes, and decides about an interrupt, where that is done for all together. */
  settle(cpu: Context, queue: DeviceQueue, used: number): Access;
  /** Charges what it took to read the ring since the last call. */
  chargeRing(cpu: Context, queue: DeviceQueue): void;
  fail(cpu: Context, queue: DeviceQueue, name: 'tx' | 'rx'): Access;
}
