/**
 * Virtio over PCI (virtio 1.2 §4.1): which functions are virtio devices, where the capability list says that their
 * structures are, and which address a queue's notification goes to.
 */

export const VIRTIO_VENDOR = 0x1af4;
/** Device ids of virtio: first transitional, first modern, last. */
const FIRST_ID = 0x1000;
export const MODERN_BASE = 0x1040;
const LAST_ID = 0x107f;
/** Virtio device id of a network card, and its transitional PCI id. */
export const VIRTIO_ID_NET = 1;
export const TRANSITIONAL_NET = 0x1000;

export const VENDOR_CAPABILITY = 0x09;
/** `cfg_type` of a virtio capability. */
export const COMMON_CFG = 1;
export const NOTIFY_CFG = 2;
export const ISR_CFG = 3;
export const DEVICE_CFG = 4;
/** Larger values of `bar` are reserved. */
const BAR_MAX = 5;

/** Bytes behind id and link: `cap_len, cfg_type, bar, id, padding[2], offset, length`, and for notifications the multiplier. */
const CAPABILITY_BODY = 14;
const NOTIFY_BODY = 18;

export interface Identified {
  readonly vendor: number;
  readonly device: number;
  readonly subsystem: number;
}

/** The virtio device id of a PCI function, or null: it is none. A transitional one says it as its subsystem (§4.1.2). */
export const virtioIdOf = ({ vendor, device, subsystem }: Identified): number | null => {
  if (vendor !== VIRTIO_VENDOR || device < FIRST_ID || device > LAST_ID) return null;
  return device < MODERN_BASE ? subsystem : device - MODERN_BASE;
};

/** Where a structure lies: behind which base address register, and there. */
export interface Structure {
  readonly type: number;
  readonly bar: number;
  readonly offset: number;
  readonly length: number;
  /** `notify_off_multiplier`; 0 in all but notification structures. */
  readonly multiplier: number;
}

/** What goes into the capability list for `structure`, behind id and link. */
export const capabilityBody = ({ type, bar, offset, length, multiplier }: Structure): Uint8Array => {
  const size = type === NOTIFY_CFG ? NOTIFY_BODY : CAPABILITY_BODY;
  const view = new DataView(new ArrayBuffer(size));
  view.setUint8(0, size + 2);
  view.setUint8(1, type);
  view.setUint8(2, bar);
  view.setUint32(6, offset, true);
  view.setUint32(10, length, true);
  if (type === NOTIFY_CFG) view.setUint32(14, multiplier, true);
  return new Uint8Array(view.buffer);
};

/** Reads of a function's configuration space, by a driver. */
export interface ConfigReader {
  read(offset: number, width: 1 | 2 | 4): number;
}

const STATUS = 0x06;
const CAPABILITY_LIST = 0x10;
const CAPABILITY_POINTER = 0x34;
/** Capabilities that fit in 192 bytes: a longer list is a loop (PCI_FIND_CAP_TTL of Linux). */
const LIST_MAX = 48;

/** Offsets of the capabilities with this id, in the order of the list, read as far as asked for. */
export function* capabilities(config: ConfigReader, id: number): Generator<number> {
  if ((config.read(STATUS, 2) & CAPABILITY_LIST) === 0) return;
  let at = config.read(CAPABILITY_POINTER, 1) & ~3;
  for (let seen = 0; at >= 0x40 && seen < LIST_MAX; seen++) {
    const header = config.read(at, 2);
    if ((header & 0xff) === 0xff) return;
    if ((header & 0xff) === id) yield at;
    at = (header >>> 8) & ~3;
  }
}

/**
 * The first structure of a type that a driver can use (§4.1.4: the device lists them from best to worst; reserved
 * BARs and BARs that are not there are passed over). Null where there is none.
 * @param usable whether the BAR exists and can be mapped.
 */
export const findStructure = (
  config: ConfigReader,
  type: number,
  usable: (bar: number) => boolean,
): Structure | null => {
  for (const at of capabilities(config, VENDOR_CAPABILITY)) {
    const found = config.read(at + 3, 1);
    const bar = config.read(at + 4, 1);
    if (bar > BAR_MAX || found !== type || !usable(bar)) continue;
    const offset = config.read(at + 8, 4);
    const length = config.read(at + 12, 4);
    const multiplier = type === NOTIFY_CFG ? config.read(at + 16, 4) : 0;
    return { type, bar, offset, length, multiplier };
  }
  return null;
};

/** Bytes of a notification: the queue's index; with NOTIFICATION_DATA also how far the driver has got (§4.1.5.2). */
export const notificationSize = (notificationData: boolean): 2 | 4 => (notificationData ? 4 : 2);

/**
 * Where the driver writes to notify a queue (§4.1.4.4).
 * @param base address of the BAR. @param queueNotifyOff of this queue, from the common configuration.
 * @throws RangeError where that lies beyond the structure.
 */
export const notifyAddress = (
  base: number,
  { offset, length, multiplier }: Structure,
  queueNotifyOff: number,
  size: 2 | 4,
): number => {
  const at = queueNotifyOff * multiplier;
  if (at + size > length) throw new RangeError(`notification offset ${at} lies beyond ${length} bytes`);
  return base + offset + at;
};
