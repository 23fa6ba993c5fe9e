/** What a vhost-net worker is made of, and how much one run of a handler may do. */
import type { VhostIotlb } from './vhost-iotlb.ts';
import type { BackendParts } from './virtio-net-backend.ts';

/** Limits of one handler run and of a batch (drivers/vhost/net.c): bytes, packets, packets. */
export const VHOST_NET_WEIGHT = 524_288;
export const VHOST_NET_PKT_WEIGHT = 256;
export const VHOST_NET_BATCH = 64;

export interface VhostParts extends BackendParts {
  /** Behind an IOMMU that the guest sees (iommu_platform); else addresses are the guest's own. */
  readonly iotlb?: VhostIotlb | undefined;
  /** `poll-us`: how long a handler that finds nothing looks on, in steps of 1,024 ns; 0: not at all. */
  readonly pollUs?: number;
  /** experimental_zcopytx: longer frames go out of the guest's own pages. */
  readonly zerocopy?: boolean;
  /** Teaching: the kicking vCPU serves the transmit ring itself, inside the exit; no second core works for it. */
  readonly inline: boolean;
}
