import { expect, test } from 'vitest';
import { Counters } from './counters.ts';

test('a counter is one per metric, component and VM', () => {
  const counters = new Counters();
  const kicks = counters.counter('kicks', 'tx', 'web');
  expect(counters.counter('kicks', 'tx', 'web')).toBe(kicks);
  for (const other of [
    counters.counter('kicks', 'rx', 'web'),
    counters.counter('kicks', 'tx', 'mail'),
    counters.counter('kicks', 'tx'),
    counters.counter('exits', 'tx', 'web'),
  ]) {
    expect(other).not.toBe(kicks);
  }
});

test('counts since a snapshot leave out what came before, and counters named later start at zero', () => {
  const counters = new Counters();
  const kicks = counters.counter('kicks', 'tx', 'web');
  const drops = counters.counter('drops', 'ring full');
  kicks.value = 5;
  const before = counters.snapshot();
  kicks.value += 3;
  counters.counter('wakeups', 'vhost').value = 2;
  expect(counters.since(before)).toEqual([
    { counter: kicks, value: 3 },
    { counter: drops, value: 0 },
    { counter: counters.counter('wakeups', 'vhost'), value: 2 },
  ]);
});

test('a counter that nothing increased is still reported, as zero', () => {
  const counters = new Counters();
  counters.counter('exits.other', 'halt', 'web');
  expect(counters.since([])).toMatchObject([{ value: 0 }]);
});

test('a tally keeps count, sum and maximum, and forgets them on reset', () => {
  const counters = new Counters();
  const batch = counters.tally('batch', 'vhost tx', 'web');
  for (const size of [3, 64, 1]) batch.add(size);
  expect(counters.tally('batch', 'vhost tx', 'web')).toBe(batch);
  expect(batch).toMatchObject({ count: 3, sum: 68, max: 64 });
  counters.resetTallies();
  expect(counters.allTallies()).toEqual([batch]);
  expect(batch).toMatchObject({ count: 0, sum: 0, max: 0 });
});
