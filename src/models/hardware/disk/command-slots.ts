/** Commands that a driver of an ATA controller has written to memory, by slot (tag): registers only tell which are there. */
import type { BlockIo } from './block-io.ts';

/** Slots of an AHCI port. */
export const AHCI_SLOTS = 32;

export type CommandSlots = (BlockIo | null)[];

export const commandSlots = (count: number): CommandSlots => new Array(count).fill(null);
