import { expect, test } from 'vitest';
import { STAGES_MAX, Stages } from './stages.ts';

test('a stage is one per name, numbered in the order of naming', () => {
  const stages = new Stages();
  const copy = stages.working('vhost: copy');
  const wait = stages.waiting('wait: vhost worker');
  expect(stages.working('vhost: copy')).toBe(copy);
  expect(stages.list).toEqual([copy, wait]);
  expect([copy.id, copy.kind, wait.id, wait.kind]).toEqual([0, 'working', 1, 'waiting']);
});

test('a stage is either work or a wait, never both', () => {
  const stages = new Stages();
  stages.working('ring');
  expect(() => stages.waiting('ring')).toThrow('both working and waiting');
});

test('one stage more than a request has room for is refused', () => {
  const stages = new Stages();
  for (let i = 0; i < STAGES_MAX; i++) stages.working(`stage ${i}`);
  expect(() => stages.working('one more')).toThrow(RangeError);
  expect(stages.working('stage 0').id).toBe(0);
});
