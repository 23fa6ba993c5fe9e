// Generator threads on vmio's kernel: N threads, each sleeps for an exponential delay, for ever.
// usage: node threads.js THREADS EVENTS; prints events per CPU second and now * N / events / mean, which must be near 1.
import { streams } from '../dist/kernel/random.js';
import { Simulation } from '../dist/kernel/simulation.js';
import { Thread } from '../dist/kernel/thread.js';

const MEAN = 1e6; // ps
const [count, events] = process.argv.slice(2).map(Number);

const sim = new Simulation({ maxEvents: 2 ** 32 });
const random = streams(1, 0).stream('threads');

const sleeper = function* () {
  for (;;) yield Math.floor(random.exponential(MEAN));
};

for (let i = 0; i < count; i++) new Thread(sim, `sleeper[${i}]`, sleeper());
sim.run((1e6 * MEAN) / count);
const [before, begin] = [sim.events, sim.now];
const start = process.cpuUsage();
sim.run(begin + (events * MEAN) / count);
const { user, system } = process.cpuUsage(start);
const fired = sim.events - before;
console.log(
  `${Math.round((fired / (user + system)) * 1e6)} ${(((sim.now - begin) * count) / fired / MEAN).toFixed(4)}`,
);
