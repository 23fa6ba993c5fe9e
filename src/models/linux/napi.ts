/** Constants of Linux's receive softirq (net/core/dev.c). */

/** Packets one NAPI poll may take. */
export const NAPI_POLL_WEIGHT = 64;
/** Packets handed up the stack together (net.core.gro_normal_batch). */
export const GRO_NORMAL_BATCH = 8;
