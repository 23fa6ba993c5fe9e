/** Where a queue is kept: a Redis server, and which of its numbered databases. */
export interface QueueAddress {
  /** As given: with user and password, where there are any. */
  readonly url: string;
  /** For messages: without them. */
  readonly shown: string;
}

/** `redis://host:6379/2`, or `rediss:` for TLS. @returns null where it is none. */
export const parseQueueAddress = (text: string): QueueAddress | null => {
  if (!URL.canParse(text)) return null;
  const { protocol, hostname, host, pathname, search, hash } = new URL(text);
  if (protocol !== 'redis:' && protocol !== 'rediss:') return null;
  if (hostname === '' || !/^(\/\d*)?$/.test(pathname) || search !== '' || hash !== '') return null;
  return { url: text, shown: `${protocol}//${host}${pathname === '/' ? '' : pathname}` };
};
