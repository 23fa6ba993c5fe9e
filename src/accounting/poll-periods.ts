/**
 * Costs that are one look of a thread that polls: how often it looks follows from them, so none may be free. A loop that takes no time would
 * look for ever at one instant.
 */
export const POLL_PERIODS: ReadonlySet<string> = new Set([
  'pmd.poll',
  'vhost.look',
  'block.poll',
  'poll.check',
]);
