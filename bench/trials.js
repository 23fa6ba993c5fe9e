// Trials per second of wall time, in threads of this process or through a queue on this machine.
// usage: node trials.js TRIALS MEASURE JOBS [redis-server]; prints trials per second, and how many there were.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { codeVersion } from '../dist/cli/code-version.js';
import { openPool } from '../dist/experiment/pool/trial-pool.js';
import { parseQueueAddress } from '../dist/experiment/queue/queue-address.js';
import { openQueuedPool } from '../dist/experiment/queue/queued-pool.js';
import { PointRunner } from '../dist/experiment/run-point.js';
import { runPoints } from '../dist/experiment/run-points.js';
import { loadScenario } from '../dist/scenario/load.js';

const [wanted, measure, jobs, redis] = process.argv.slice(2);
const trials = Number(wanted);
const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const set = [
  'cases={ sparse: {} }',
  'datapaths=[vhost-net]',
  `run.measure=${measure}`,
  `run.replications=${trials}`,
];
const result = loadScenario(file('vhost.yaml'), { set });
if (!result.ok) throw new Error(JSON.stringify(result.mistakes));

const children = [];
/** Starts a program that runs until the end, and waits until it has said `words`. */
const start = async (program, args, words) => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  for await (const text of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += text;
    if (said.includes(words)) return child.stdout.resume();
  }
  throw new Error(`${program} ended: ${said}`);
};

const freePort = async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  await once(server.close(), 'close');
  return port;
};

const openQueue = async () => {
  const port = await freePort();
  const keepNothing = ['--save', '', '--appendonly', 'no', '--dir', tmpdir()];
  await start(redis, ['--port', port, '--bind', '127.0.0.1', ...keepNothing], 'eady to accept connections');
  const url = `redis://127.0.0.1:${port}`;
  await start(
    process.execPath,
    [file('../dist/bin.js'), 'worker', '--queue', url, '--jobs', jobs],
    'listens',
  );
  return openQueuedPool(parseQueueAddress(url), { code: codeVersion(), jobs: 256, say: console.error });
};

const pool = redis ? await openQueue() : openPool(Number(jobs));
const [point] = result.loaded.points;
let done = 0;
let [from, began] = [0, 0];
const [failure] = await runPoints([new PointRunner(point, 'vhost-net')], pool.execute, {
  jobs: pool.jobs,
  signal: new AbortController().signal,
  onDone: () => {
    // The first third warms the compilers up.
    if (++done === Math.round(trials / 3)) [from, began] = [done, performance.now()];
  },
});
const seconds = (performance.now() - began) / 1000;
await pool.close();
for (const child of children) child.kill();
if (failure !== undefined) throw failure.error;
console.log(`${((done - from) / seconds).toFixed(2)} ${done}`);
