/** What every backend of a virtio-net device is made of, in the kernel or in QEMU. */
import type { Packets } from '../hardware/packets.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import type { HostNetwork } from './host-network.ts';
import type { Interrupt } from './interrupt-path.ts';
import type { Tap } from './tap.ts';

export interface BackendParts {
  readonly vm: string;
  readonly tx: DeviceQueue;
  readonly rx: DeviceQueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly tap: Tap;
  readonly network: HostNetwork;
  readonly txInterrupt: Interrupt;
  readonly rxInterrupt: Interrupt;
  /** MRG_RXBUF was negotiated; not so where not given. */
  readonly mergeable?: boolean;
}
