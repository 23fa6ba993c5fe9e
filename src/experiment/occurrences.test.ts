/** How often a cost is paid follows from what a request does, by hand. */
import { expect, test } from 'vitest';
import { SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { occurrences } from './occurrences.ts';
import { runPoint } from './run-point.test-support.ts';

const { load } = workspace();
const RPC_ONLY = SHORT.replace(/ {2}bulk: .*\n/, '');

test('a client makes two system calls a request; what nobody pays stands at 0', () => {
  const [point] = load(RPC_ONLY).points;
  const rows = occurrences('short', runPoint(point, 'native'));
  const of = (cost: string): number | null | undefined =>
    rows.find(({ component }) => component === cost)?.value;
  // The window may cut one of some hundred requests.
  expect(of('syscall')).toBeCloseTo(2, 1);
  expect(of('exit.kick')).toBe(0);
  expect(rows.map(({ component }) => component).sort()).toEqual(Object.keys(point.profile.costs).sort());
});
