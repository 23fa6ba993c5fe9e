/** The descriptor rings of an 82540EM in memory: the driver fills them, the device writes status back. */

/** Descriptors per ring: Linux's default for e1000, both ways. */
export const E1000_RING = 256;

/** Interrupt causes (82540EM manual, ICR). */
export const TXDW = 0x01;
export const TXQE = 0x02;
export const RXDMT0 = 0x10;
export const RXT0 = 0x80;

export class E1000Rings {
  /** Where the rings lie, and each receive buffer, for a device behind an IOMMU. */
  txRing = 0;
  rxRing = 0;
  readonly rxPage = new Int32Array(E1000_RING);
  /** Packet per transmit slot. */
  readonly tx = new Int32Array(E1000_RING);
  /** Packet per receive slot, once DD is set. */
  readonly rx = new Int32Array(E1000_RING);
  /** Transmit descriptors written back (DD) and not yet cleaned. */
  txDone = 0;
  /** Receive descriptors written back (DD) and not yet taken. */
  rxDone = 0;
}
