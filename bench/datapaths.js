// Packets per second of CPU time through whole models, with full accounting and in one trial on one core.
// usage: node datapaths.js PACKETS [datapath [saturated | stream | sparse]]; prints packets per CPU second and events per packet.
import '../dist/inlining.js';
import { fileURLToPath } from 'node:url';
import { buildTrial } from '../dist/experiment/build-trial.js';
import { closeBooks } from '../dist/experiment/run-trial.js';
import { loadScenario } from '../dist/scenario/load.js';

const [packets = '1e6', datapath = 'vhost-net', wanted = 'saturated'] = process.argv.slice(2);
const result = loadScenario(fileURLToPath(new URL('vhost.yaml', import.meta.url)));
if (!result.ok) throw new Error(JSON.stringify(result.mistakes));
const point = result.loaded.points.find(({ labels }) => labels.case === wanted);
const trial = buildTrial(point, { datapath, seed: 1, replication: 1 });
const { sim, books } = trial.world;
const [{ record }] = trial.workloads;
books.timeline.startMeasuring(sim.now);

const STEP = 10e9; // ps
const runUntil = (completed) => {
  while (record.completed < completed) sim.run(sim.now + STEP);
};

// The first fifth warms the compiler up.
runUntil(packets / 5);
const [events, completed] = [sim.events, record.completed];
const start = process.cpuUsage();
runUntil(completed + Number(packets));
const { user, system } = process.cpuUsage(start);
closeBooks(trial);
const done = record.completed - completed;
console.log(`${Math.round((done / (user + system)) * 1e6)} ${((sim.events - events) / done).toFixed(2)}`);
