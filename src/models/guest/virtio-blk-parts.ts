/** What a queue of virtio_blk, or of virtio_scsi, is made of. */
import type { RequestHeaders } from '../hardware/disk/block-io.ts';
import type { BufferMappings } from '../linux/block/buffer-mappings.ts';
import type { Doorbell } from '../linux/net-device.ts';
import type { SpinLock } from '../linux/spin-lock.ts';
import type { RequestFormat } from '../virtio/blk-request.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import type { Virtqueue } from '../virtio/virtqueue.ts';
import type { AddLine, Ours } from './virtio-status.ts';

export interface VirtioBlkParts {
  readonly virtqueue: Virtqueue;
  readonly memory: GuestMemory;
  readonly headers: RequestHeaders;
  readonly kick: Doorbell;
  /** Behind an IOMMU (iommu_platform); undefined: addresses are the memory's own. */
  readonly mappings?: BufferMappings | undefined;
  /** Of a queue that several CPUs share. */
  readonly lock?: SpinLock | undefined;
  /** Names its interrupt. */
  readonly name: string;
  /** Of a device without vectors; undefined: the queue has one. */
  readonly lines?: { readonly addLine: AddLine; readonly ours: Ours } | undefined;
}

export interface VirtioBlkOptions {
  readonly indirect: boolean;
  readonly format: RequestFormat;
  /** A poll queue: it never asks for interrupts. */
  readonly polls?: boolean;
}
