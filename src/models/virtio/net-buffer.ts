/**
 * What virtio-net asks of a buffer beyond the rules of every ring (virtio 1.2 §5.1.6): virtio_net_flush_tx and
 * virtio_net_receive in QEMU, get_tx_bufs and get_rx_bufs in vhost.
 */
import type { BufferRule } from './device-queue.ts';

/** virtio_net_hdr with MRG_RXBUF or VERSION_1, bytes. */
export const VIRTIO_NET_HEADER = 12;

/** A buffer to transmit: the device reads a header and a frame from it. */
export const transmitBuffer: BufferRule = ({ rules, pieces, readable, length }) => {
  let bytes = 0;
  const last = rules.ignoresDirection ? pieces : readable;
  for (let i = 0; i < last; i++) bytes += length[i];
  if (rules.looksAtDirection) {
    if (readable < pieces) return 'writable piece in a transmit buffer';
    return bytes <= VIRTIO_NET_HEADER ? 'nothing behind the header' : null;
  }
  // QEMU takes no notice of writable pieces; a header alone goes to the tap, which refuses it.
  if (last === 0) return 'no readable piece in a transmit buffer';
  return bytes < VIRTIO_NET_HEADER ? 'header cut short' : null;
};

/** A buffer to receive into: the device writes a header and a frame to it. */
export const receiveBuffer: BufferRule = ({ rules, pieces, readable }) => {
  // QEMU takes no notice of readable pieces.
  if (rules.looksAtDirection && readable > 0) return 'readable piece in a receive buffer';
  return readable === pieces ? 'no writable piece in a receive buffer' : null;
};
