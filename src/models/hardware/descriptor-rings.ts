/** The descriptor rings of an emulated NIC in guest memory: the driver fills them, the device writes status back. */

/** In a transmit slot: a part of the packet that a later slot names. */
export const NOT_LAST = -1;

export class DescriptorRings {
  /** Where the rings lie, and each receive buffer, for a device behind an IOMMU. */
  txRing = 0;
  rxRing = 0;
  readonly rxPage: Int32Array;
  /** Packet per transmit slot. */
  readonly tx: Int32Array;
  /** Packet per receive slot, once the device has filled it. */
  readonly rx: Int32Array;
  /** Transmit slots written back by the device and not yet cleaned. */
  txDone = 0;
  /** Receive slots filled by the device and not yet taken. */
  rxDone = 0;

  /** @param tx slots of the transmit ring. @param rx of the receive ring. */
  constructor(tx: number, rx = tx) {
    this.tx = new Int32Array(tx);
    this.rx = new Int32Array(rx);
    this.rxPage = new Int32Array(rx);
  }
}
