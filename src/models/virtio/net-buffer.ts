/**
 * What virtio-net asks of a buffer beyond the rules of every ring (virtio 1.2 §5.1.6): virtio_net_flush_tx and
 * virtio_net_receive in QEMU, get_tx_bufs and get_rx_bufs in vhost.
 */
import type { BufferRule } from './device-queue.ts';
import { type Features, hasFeature } from './features.ts';

/** virtio_net_hdr with MRG_RXBUF or VERSION_1, bytes. */
export const VIRTIO_NET_HEADER = 12;
/** Without either there is no num_buffers in it; with HASH_REPORT the hash and its kind follow. */
const LEGACY_HEADER = 10;
const HASH_HEADER = 20;

/** Bytes of the header that stands before each frame (virtio 1.2 §5.1.6). */
export const headerSize = (negotiated: Features): number => {
  if (hasFeature(negotiated, 'VIRTIO_NET_F_HASH_REPORT')) return HASH_HEADER;
  const long = (['VIRTIO_NET_F_MRG_RXBUF', 'VIRTIO_F_VERSION_1'] as const).some((feature) =>
    hasFeature(negotiated, feature),
  );
  return long ? VIRTIO_NET_HEADER : LEGACY_HEADER;
};

/** Whether a header may share a descriptor with the frame; without either feature it needs one of its own. */
export const anyLayout = (negotiated: Features): boolean =>
  hasFeature(negotiated, 'VIRTIO_F_VERSION_1') || hasFeature(negotiated, 'VIRTIO_F_ANY_LAYOUT');

/** A buffer to transmit: the device reads a header of that many bytes and a frame from it. */
export const transmitBufferOf =
  (header: number): BufferRule =>
  ({ rules, pieces, readable, length }) => {
    let bytes = 0;
    const last = rules.ignoresDirection ? pieces : readable;
    for (let i = 0; i < last; i++) bytes += length[i];
    if (rules.looksAtDirection) {
      if (readable < pieces) return 'writable piece in a transmit buffer';
      return bytes <= header ? 'nothing behind the header' : null;
    }
    // QEMU takes no notice of writable pieces; a header alone goes to the tap, which refuses it.
    if (last === 0) return 'no readable piece in a transmit buffer';
    return bytes < header ? 'header cut short' : null;
  };

/** With the header that all but legacy devices without MRG_RXBUF have. */
export const transmitBuffer: BufferRule = transmitBufferOf(VIRTIO_NET_HEADER);

/** A buffer to receive into: the device writes a header and a frame to it. */
export const receiveBuffer: BufferRule = ({ rules, pieces, readable }) => {
  // QEMU takes no notice of readable pieces.
  if (rules.looksAtDirection && readable > 0) return 'readable piece in a receive buffer';
  return readable === pieces ? 'no writable piece in a receive buffer' : null;
};
