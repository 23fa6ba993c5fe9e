/** What Linux's network stack asks of any network driver, on a host or in a guest. */
import type { Context, Program } from '../hardware/context.ts';
import type { Packet } from '../hardware/packets.ts';

/**
 * A way to tell a device that there is work. Between `leave` and `act` the caller commits; `act` may hand back a
 * program where somebody works on this very processor (an emulated device inside the exit); `enter` rides along
 * with whatever the caller does next.
 */
export interface Doorbell {
  leave(cpu: Context): void;
  act(cpu: Context): Program | null;
  enter(cpu: Context): void;
}

/** Up-calls of a driver into the stack. */
export interface Stack {
  /** A received packet, after the driver and stack costs were paid. */
  received(packet: Packet): void;
  /** The driver let go of a transmitted packet (its skb is freed). */
  freed(packet: Packet): void;
  /** The transmit queue takes packets again. */
  restarted(): void;
}

/** One transmit queue of a network device. */
export interface NetDevice {
  /** The transmit queue takes nothing at present. */
  readonly stopped: boolean;
  readonly doorbell: Doorbell;
  /** Packets longer than a frame are cut by the device or behind it (NETIF_F_TSO); else the stack does it (GSO). */
  readonly tso: boolean;
  /** Charges what `start_xmit` costs for this packet. */
  prepare(cpu: Context, packet: Packet): void;
  /**
   * What `start_xmit` does: the packet becomes visible to the device.
   * @param more another packet follows at once (xmit_more), so the doorbell may wait.
   * @returns whether the doorbell must be rung.
   */
  publish(cpu: Context, packet: Packet, more: boolean): boolean;
  /** Sets who is called back; once, while building. */
  attach(stack: Stack): void;
}
