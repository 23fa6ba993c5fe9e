/** What driver and device of an 82574L agree on besides the descriptors, with MSI-X. */

/** Receive descriptors: Linux's default (E1000_DEFAULT_RXD). */
export const RX_RING = 256;
/**
 * Descriptors per transmitted packet: the checksum's context and the data (e1000_tx_csum, e1000_tx_map). A slot of the
 * transmit ring here is one such pair; TDT counts descriptors.
 */
export const TX_DESCRIPTORS = 2;
/** Slots of the transmit ring, whose default is 256 descriptors (E1000_DEFAULT_TXD). */
export const TX_SLOTS = 256 / TX_DESCRIPTORS;

/** Interrupt causes with MSI-X (82574 datasheet, ICR): one per queue, each with a vector of its own. */
export const RXQ0 = 0x100000;
export const TXQ0 = 0x400000;
