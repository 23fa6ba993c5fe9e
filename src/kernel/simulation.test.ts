import { expect, test } from 'vitest';
import { ps } from '../units.ts';
import { Simulation } from './simulation.ts';

test('events fire in order of time, ties in order of scheduling, cancelled ones not at all', () => {
  const sim = new Simulation();
  const seen: number[] = [];
  const note = sim.handler((n) => void seen.push(n));
  sim.at(ps(20), note, 3);
  sim.at(ps(10), note, 1);
  const dropped = sim.at(ps(15), note, 99);
  sim.at(ps(10), note, 2);
  expect(sim.cancel(dropped)).toBe(true);
  expect(sim.cancel(dropped)).toBe(false);
  sim.run(ps(100));
  expect(seen).toEqual([1, 2, 3]);
  expect(sim.now).toBe(100);
  expect(sim.events).toBe(3);
});
