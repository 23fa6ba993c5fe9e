// The hold model on vmio's kernel, through its public API: N events pending, each schedules one more after an exponential delay.
// usage: node hold.js PENDING EVENTS; prints events per CPU second and now * N / events / mean, which must be near 1.
import { streams } from '../dist/kernel/random.js';
import { Simulation } from '../dist/kernel/simulation.js';

const MEAN = 1e6; // ps
const [pending, events] = process.argv.slice(2).map(Number);

const sim = new Simulation({ maxEvents: 2 ** 32 });
const random = streams(1, 0).stream('hold');
let left = 0;

// Four handlers through a table, as the C and ns-3 peers have, so that the jump to the next one cannot be predicted.
const handlers = [0, 1, 2, 3].map((k) => {
  const next = (k + 1) % 4;
  return sim.handler((argument) => {
    if (--left === 0) sim.stop();
    sim.after(Math.floor(random.exponential(MEAN)), handlers[next], argument);
  });
});

const hold = (count) => {
  left = count;
  sim.run(Number.MAX_SAFE_INTEGER);
};

for (let i = 0; i < pending; i++) sim.after(Math.floor(random.exponential(MEAN)), handlers[i % 4], i);
hold(Math.max(3 * pending, 1e6)); // long enough for the compiler, too
const begin = sim.now;
const start = process.cpuUsage();
hold(events);
const { user, system } = process.cpuUsage(start);
console.log(
  `${Math.round((events / (user + system)) * 1e6)} ${(((sim.now - begin) * pending) / events / MEAN).toFixed(4)}`,
);
