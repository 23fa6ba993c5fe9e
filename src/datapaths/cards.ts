/** Cards that are no virtio devices: QEMU's 82540EM, and a virtual function of the NIC. */
import { NO_REGISTERS, PciFunction } from '../models/hardware/pci/pci-function.ts';
import type { Card } from './guest-bus.ts';

const NETWORK_CLASS = 0x020000;
const INTEL = 0x8086;
const REALTEK = 0x10ec;
/** An RTL8139C+, which is how QEMU's rtl8139 reports itself. */
const RTL8139_CPLUS = 0x20;

/** 82540EM of hw/net/e1000.c: 128 KiB of registers, the same through 64 ports, no MSI. */
export const e1000Card = (): Card => {
  const fn = new PciFunction({
    vendor: INTEL,
    device: 0x100e,
    revision: 3,
    classCode: NETWORK_CLASS,
    subsystemVendor: 0x1af4,
    subsystem: 0x1100,
  });
  fn.addBar(0, { space: 'memory', size: 0x20000, region: NO_REGISTERS });
  fn.addBar(1, { space: 'port', size: 64, region: NO_REGISTERS });
  return { fn };
};

/** 82574L of hw/net/e1000e.c: MSI-X with five vectors, of which Linux uses three. */
export const e1000eCard = (): Card => {
  const fn = new PciFunction({
    vendor: INTEL,
    device: 0x10d3,
    revision: 0,
    classCode: NETWORK_CLASS,
    subsystemVendor: INTEL,
    subsystem: 0,
  });
  fn.addBar(0, { space: 'memory', size: 0x20000, region: NO_REGISTERS });
  fn.addMsiX(5, 3);
  return { fn };
};

/** RTL8139C+ of hw/net/rtl8139.c: 256 bytes of registers, through ports and memory alike. */
export const rtl8139Card = (): Card => {
  const fn = new PciFunction({
    vendor: REALTEK,
    device: 0x8139,
    revision: RTL8139_CPLUS,
    classCode: NETWORK_CLASS,
    subsystemVendor: 0x1af4,
    subsystem: 0x1100,
  });
  fn.addBar(0, { space: 'port', size: 256, region: NO_REGISTERS });
  fn.addBar(1, { space: 'memory', size: 256, region: NO_REGISTERS });
  return { fn };
};

/** Virtual function of an 82599, passed through: a vector each for receive and transmit, one for the mailbox. */
export const vfCard = (): Card => {
  const fn = new PciFunction({
    vendor: INTEL,
    device: 0x10ed,
    revision: 1,
    classCode: NETWORK_CLASS,
    subsystemVendor: INTEL,
    subsystem: 0,
  });
  fn.addBar(0, { space: 'memory', size: 0x4000, region: NO_REGISTERS });
  fn.addMsiX(3, 3);
  return { fn };
};
