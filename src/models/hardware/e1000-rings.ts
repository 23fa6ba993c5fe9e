/** What driver and device of an 82540EM agree on besides the descriptors. */

/** Descriptors per ring: Linux's default for e1000, both ways. */
export const E1000_RING = 256;

/** Interrupt causes (82540EM manual, ICR). */
export const TXDW = 0x01;
export const TXQE = 0x02;
export const RXDMT0 = 0x10;
export const RXT0 = 0x80;
