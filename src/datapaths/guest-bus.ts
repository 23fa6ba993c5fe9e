/**
 * A VM boots: its network cards are on the PCI bus in order, or where the command line says, and the guest's kernel binds
 * its drivers. The first card
 * with a driver carries the traffic: a guest with one interface up uses that one, whatever else it was given.
 */
import { type Binding, bindDrivers, bindMmio, type GuestSystem } from '../models/guest/bind-drivers.ts';
import { MODULES } from '../models/guest/pci-drivers.ts';
import { type Accesses, PciBus } from '../models/hardware/pci/pci-bus.ts';
import type { PciFunction, Region } from '../models/hardware/pci/pci-function.ts';
import type { DeviceRegisters } from '../models/virtio/device-registers.ts';

/** What a scenario that says nothing of its guests means: a current Linux with every driver. */
export const CURRENT_LINUX: GuestSystem = { kernel: '6.18', drivers: MODULES };

/** A card as QEMU or vfio-pci makes it: a PCI function, or registers that are on no bus. */
export type Card = ({ readonly fn: PciFunction } | { readonly mmio: Region }) & {
  /** Of a virtio device. */
  readonly registers?: DeviceRegisters;
};

/** A card in its slot: by which datapath it would carry traffic, and what the guest made of it. */
export interface BoundCard extends Binding {
  readonly kind: string;
}

export interface Boot {
  readonly cards: readonly BoundCard[];
  readonly accesses: Accesses;
  /** The card that carries the traffic; null: none has a driver. */
  readonly carrier: BoundCard | null;
}

/** Slots below are the chipset's and the display's, as on QEMU's `pc`. */
const FIRST_SLOT = 3;

/** Boots `guest` with these cards. */
export const bootWith = (guest: GuestSystem, cards: readonly (Card & { readonly kind: string })[]): Boot => {
  const bus = new PciBus();
  cards.forEach((card, i) => {
    if ('fn' in card) bus.plug(FIRST_SLOT + i, card.fn);
  });
  // A guest without a PCI card is taken to have no PCI bus either.
  const onPci = cards.some((card) => 'fn' in card) ? bindDrivers(bus, guest).bindings : [];
  const accesses = { ...bus.accesses };
  const found = { pci: 0, mmio: 0 };
  const bindings = cards.map((card) =>
    'fn' in card ? onPci[found.pci++] : bindMmio(card.mmio, found.mmio++, guest, accesses),
  );
  const bound = bindings.map((binding, i): BoundCard => {
    const { kind, registers } = cards[i];
    const refusal = registers?.device.refusal ?? null;
    // The driver sees only that the device refused; the device knows why.
    const reason = binding.driver === null && refusal !== null ? refusal : binding.reason;
    return { ...binding, kind, reason };
  });
  return { cards: bound, accesses, carrier: bound.find(({ driver }) => driver !== null) ?? null };
};
