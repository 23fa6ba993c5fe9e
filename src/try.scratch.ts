import { readFileSync } from 'node:fs';
import { datapathOf } from './datapaths/index.ts';
import { World } from './datapaths/world.ts';
import { OpenLoopSender, RequestClient, StreamSender } from './models/guest/application.ts';
import { fixedSize, poisson } from './models/guest/arrivals.ts';
import { NetStack } from './models/guest/net-stack.ts';
import { Socket } from './models/guest/socket.ts';
import { machineOf, profileSchema } from './scenario/profile.ts';
import { parseYaml } from './scenario/text/read-yaml.ts';
import { validate } from './scenario/text/validate.ts';
import { interval, ms, perSecond, us } from './units.ts';

const file = '/work/main/scenarios/profiles/server-3ghz.yaml';
const { document } = parseYaml(file, readFileSync(file, 'utf8'));
const v = validate(profileSchema, document, file);
if (!v.valid) {
  console.log(v.mistakes);
  process.exit(2);
}
const which = process.argv[2] ?? 'vhost',
  mode = process.argv[3] ?? 'stream',
  dur = Number(process.argv[4] ?? '200'),
  rate = Number(process.argv[5] ?? '50000');
const world = new World(machineOf(v.value, 7), { seed: 1, replication: 0, maxEvents: 1e9 });
const path = datapathOf(which);
const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
const a = path.build(world, vm, path.params.parse({}) as never);
const stack = new NetStack(a.processor, world.packets, a.device);
const record = world.books.timeline.workload('w');
const socket = new Socket(212992, 277);
const e = { record, flow: 0, socket, stack, packets: world.packets, sizes: fixedSize(60) };
stack.bind(0, socket);
a.route(0);
world.peer.role(0, mode === 'rr' ? { kind: 'server', response: 60, service: () => us(5) } : { kind: 'sink' });
if (mode === 'stream') new StreamSender(a.processor, e);
else if (mode === 'rr') new RequestClient(a.processor, e, 0 as never);
else new OpenLoopSender(a.processor, e, poisson(world.random.stream('arrivals'), interval(perSecond(rate))));
const t0 = process.cpuUsage();
record.startMeasuring(0 as never);
world.sim.run(ms(dur));
for (const c of world.cores) c.settleBooks();
const cpu = process.cpuUsage(t0).user / 1e6;
console.log(
  which,
  mode,
  'completed',
  record.completed,
  'submitted',
  record.submitted,
  'dropped',
  record.dropped,
  [...record.drops],
  'events',
  world.sim.events,
  'ev/pkt',
  (world.sim.events / record.completed).toFixed(2),
  'pkt/s wall',
  (record.completed / cpu).toFixed(0),
  'Mev/s',
  (world.sim.events / cpu / 1e6).toFixed(2),
);
console.log(
  'lat mean us',
  record.latency.mean / 1e6,
  'p50',
  record.latency.quantile(0.5) / 1e6,
  'p99',
  record.latency.quantile(0.99) / 1e6,
);
for (const core of world.cores) {
  const busy = world.books.ledger.busy(core.name);
  const idle = world.books.ledger.idle.get(core.name)!;
  if (busy > 0)
    console.log(
      core.name,
      'busy',
      ((busy / world.sim.now) * 100).toFixed(2) + '%',
      'gap',
      busy + idle - world.sim.now,
    );
}
const b = world.books.ledger.spending();
for (const l of b)
  console.log(
    ' ',
    l.core,
    l.payer,
    l.side,
    l.plane,
    l.cost,
    (l.busy / record.completed / 1e3).toFixed(1) + 'ns',
    (l.count / record.completed).toFixed(3),
  );
for (const s of world.books.timeline.stages.list)
  if (record.stageSums[s.id] > 0)
    console.log('   stage', s.kind, s.name, (record.stageSums[s.id] / record.completed / 1e6).toFixed(3));
for (const { counter, value } of world.books.counters.since([]))
  if (value) console.log('   ', counter.metric, counter.component, (value / record.completed).toFixed(4));
