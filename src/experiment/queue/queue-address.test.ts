/** What is taken for the address of a queue, and that no message gives a password away. */
import { expect, test } from 'vitest';
import { parseQueueAddress } from './queue-address.ts';

test.each([
  ['redis://localhost', 'redis://localhost'],
  ['redis://10.0.0.7:6380/2', 'redis://10.0.0.7:6380/2'],
  ['redis://[::1]:6379/', 'redis://[::1]:6379'],
  ['rediss://ann:secret@queue.example:6379/0', 'rediss://queue.example:6379/0'],
])('%s is the server %s', (url, shown) => {
  expect(parseQueueAddress(url)).toEqual({ url, shown });
});

test.each([
  '',
  'localhost:6379',
  'http://localhost:6379',
  'redis://',
  'redis:///2',
  'redis://localhost/two',
  'redis://localhost/1/2',
  'redis://localhost:99999',
  'redis://localhost?db=2',
])('%j is none', (text) => {
  expect(parseQueueAddress(text)).toBeNull();
});
