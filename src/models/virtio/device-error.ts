/** Errors that stop a device or a driver's queue: counted, so that whoever reads the results sees who broke what. */
import type { Counters } from '../../accounting/counters.ts';

/** @param place the device and its queue, e.g. `vhost tx`. @param fault what it found. */
export const countError = (counters: Counters, vm: string, place: string, fault: string | null): void => {
  counters.counter('device.errors', `${place}: ${fault}`, vm).value++;
};
