/** Costs without a price: they last as long as what they stand for. */
import { IDLE_POLLING } from './idle-polling.ts';

/** Where hogs of the host are booked: load beside the VMs, and no part of what a request costs. */
export const BACKGROUND_WORK = 'background.work';

export const UNPRICED: ReadonlySet<string> = new Set([
  'halt.poll',
  ...IDLE_POLLING,
  BACKGROUND_WORK,
  'iommu.queue',
  'lock.spin',
  'virtioIommu.spin',
]);
