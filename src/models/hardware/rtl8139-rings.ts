/** What driver and device of an RTL8139C+ agree on: descriptors that say whose they are, and causes. */
import { DescriptorRings } from './descriptor-rings.ts';

/** Descriptors per ring, both ways: the chip's most, and Linux's choice (CP_TX_RING_SIZE, CP_RX_RING_SIZE). */
export const RTL8139_RING = 64;

/** Causes of IntrStatus and IntrMask (RTL8139C+ datasheet). */
export const RX_OK = 0x01;
export const TX_OK = 0x04;
/** No receive descriptor belongs to the device (Linux: RxEmpty, QEMU: RxOverflow). */
export const RX_EMPTY = 0x10;
/** TxPoll: there are packets in the normal-priority ring. */
export const NORMAL_TX_POLL = 0x40;

export class Rtl8139Rings extends DescriptorRings {
  /** Transmit descriptors that belong to the device (DescOwn). */
  txOwned = 0;
  /** Receive descriptors that do. */
  rxOwned = RTL8139_RING;

  constructor() {
    super(RTL8139_RING);
  }
}
