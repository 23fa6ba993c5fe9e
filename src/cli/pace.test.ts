/** What is said of the time that is left follows from the last trials alone. */
import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

const pace = (every: number, count: number): Pace => {
  const made = new Pace(0);
  for (let i = 1; i <= count; i++) made.done(i * every);
  return made;
};

test.each([
  [100, 20, 50, '10 /s, 5 s left'],
  [100, 20, 6000, '10 /s, 10 min left'],
  [4000, 5, 3600, '0.25 /s, 4 h left'],
])('a trial each %i ms, %i of them, %i to come: %s', (every, count, left, text) => {
  expect(pace(every, count).text(left)).toBe(text);
});

test('says nothing before there are two, and of trials that nobody ran', () => {
  expect([pace(100, 1).text(9), pace(0.1, 30).text(9)]).toEqual(['', '']);
});

test('forgets how fast it was', () => {
  const made = pace(10, 1000);
  for (let i = 1; i <= 40; i++) made.done(10_000 + i * 1000);
  expect(made.text(10)).toBe('1 /s, 10 s left');
});
