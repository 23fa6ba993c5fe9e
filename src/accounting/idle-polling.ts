/**
 * Costs under which the looks of a thread that find nothing are booked. They have no price: they last as long as nothing
 * comes, burn a core, and are no load.
 */
export const IDLE_POLLING: ReadonlySet<string> = new Set([
  'pmd.idle',
  'vhost.busyPoll',
  'iothread.busyPoll',
  'block.busyPoll',
  'idle.poll',
]);
