/** What a vhost-net worker is made of, and how much one run of a handler may do. */

import type { Packets } from '../hardware/packets.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import type { HostNetwork } from './host-network.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { Tap } from './tap.ts';

/** Limits of one handler run and of a batch (drivers/vhost/net.c). */
export const VHOST_NET_WEIGHT = 524_288;
export const VHOST_NET_PKT_WEIGHT = 256;
export const VHOST_NET_BATCH = 64;
export interface VhostParts {
  readonly vm: string;
  readonly tx: DeviceQueue;
  readonly rx: DeviceQueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly tap: Tap;
  readonly network: HostNetwork;
  readonly txInterrupt: InterruptPath;
  readonly rxInterrupt: InterruptPath;
  /** Teaching: the kicking vCPU serves the transmit ring itself, inside the exit; no second core works for it. */
  readonly inline: boolean;
}
