/** Rules of backends and devices that every run is held to, seen to bite. */
import { expect, test } from 'vitest';
import { World } from '../../datapaths/world.ts';
import { machine } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { EdgeGap } from './edge-gap.ts';
import { SignalCount } from './signal-count.ts';

const bench = () => new World(machine('server-3ghz'), { seed: 1, replication: 0, maxEvents: 1e6 });

test('two edges closer than the least gap end the run', () => {
  const { sim, books } = bench();
  const gap = new EdgeGap(sim, books, 'edges', us(128));
  const edge = sim.handler(() => gap.edge(), 'edge');
  sim.at(us(10), edge);
  sim.at(us(138), edge);
  sim.run(us(200));
  expect(() => books.invariants.check()).not.toThrow();
  sim.at(us(265), edge);
  sim.run(us(300));
  expect(() => books.invariants.check()).toThrow('edges: two interrupts 127000000 ps apart');
});

test('a vhost handler decides at most once a batch of 64, and once more a run', () => {
  const { books } = bench();
  const count = new SignalCount(books, 'vhost tx', 64);
  count.run();
  count.decision(64);
  count.decision(6);
  expect(() => books.invariants.check()).not.toThrow();
  for (let i = 0; i < 3; i++) count.decision(1);
  expect(() => books.invariants.check()).toThrow('vhost tx: 5 decisions about an interrupt for 73 packets');
});
