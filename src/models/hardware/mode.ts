/** Where a segment of work runs, which says what may interrupt it and who pays for it. */

/** Interrupts, softirqs and the scheduler may all cut it. */
export const OPEN = 0;
/** Bottom halves off: hard interrupts are taken; softirqs wait, and so does the scheduler of this processor. */
export const BH_OFF = 1;
/** Interrupts off at this processor's level (the level above can still cut). */
export const IRQ_OFF = 2;
/** Busy waiting: whoever ends the wait calls `endSpin`. */
export const SPIN = 3;
/** Busy waiting that is given up when another thread is to run (need_resched); else as SPIN. */
export const BUSY_POLL = 4;
/** Busy waiting for a spin lock with interrupts off: as IRQ_OFF, and who releases the lock calls `endSpin`. */
export const LOCK_SPIN = 5;
// The modes of an exit have the plane of the account that pays in their upper four bits: 1 for KVM, 2 for QEMU.

/** KVM handles an exit in the vCPU thread: the guest stands still, its interrupts wait for VM entry. */
export const EXIT_KERNEL = 0x16;
/** QEMU handles an exit in the vCPU thread. */
export const EXIT_USER = 0x27;
/** KVM polls for a wake-up before it blocks a halted vCPU. */
export const HALT_POLL = 0x18;
export type Mode = 0 | 1 | 2 | 3 | 4 | 5 | 0x16 | 0x27 | 0x18;

/** Index of the plane of the account that pays for work in this mode: own work, KVM, QEMU (`PLANES` of the ledger). */
export const planeOf = (mode: Mode): number => mode >> 4;

/** Busy waiting, of whatever kind. */
export const isSpin = (mode: Mode): boolean =>
  mode === SPIN || mode === BUSY_POLL || mode === LOCK_SPIN || mode === HALT_POLL;

/** Mode of what must be done before a busy wait goes on: the same, but it is no wait. */
export const besideSpin = (mode: Mode): Mode => (mode === LOCK_SPIN ? IRQ_OFF : isSpin(mode) ? OPEN : mode);

/** In an exit the guest makes no progress and takes no interrupt. */
export const inExit = (mode: Mode): boolean => mode >= EXIT_KERNEL;
