/**
 * A guest that breaks its ring stops its own device and nothing else: the VM beside it lives through the same instants,
 * to the picosecond, as beside a guest that merely falls silent then; and the books of both close.
 */

import { describe, expect, test } from 'vitest';
import { RingGuest } from '../models/host/ring-guest.test-support.ts';
import { UserspaceVirtioNet } from '../models/host/userspace-virtio-net.ts';
import { Vhost } from '../models/host/vhost.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { us } from '../units.ts';
import type { Datapath } from './datapath.ts';
import { datapaths } from './index.ts';
import { qemuOf } from './qemu.ts';
import { type Load, Trial } from './trial.test-support.ts';
import type { World } from './world.ts';

const server = machine('server-3ghz');
const VICTIM_CORES = [0, 1] as const;
const HOSTILE_CORES = [2, 3] as const;
/** us: the hostile guest works, pauses, breaks its ring or falls silent, and tries again until the end. */
const PAUSE = 400;
const BREAK = 500;
const RESUME = 550;
const END = 1000;
const TAP = 20;

/** The victim's; frames of the hostile guest go to the sink of the first. */
const LOADS: readonly Load[] = [
  { kind: 'poisson', rate: 60_000, size: 60 },
  { kind: 'receive', rate: 50_000, size: 1514 },
  { kind: 'request-response', rate: 1, size: 128 },
];

type Backend = 'vhost' | 'qemu';
type Queue = 'tx' | 'rx';

/** A VM whose guest is in the hands of the test, on cores of its own beside the victim. */
const neighbour = (world: World, backend: Backend): RingGuest => {
  const { sim, books, packets, hostNetwork: network } = world;
  const vm = { name: 'hostile', vcpus: [[HOSTILE_CORES[0]]], backend: [HOSTILE_CORES[1]] };
  const guest = new RingGuest({ sim, books, packets, vcpu: world.vcpu(vm) }, backend, {
    vm: vm.name,
    tapLength: TAP,
  });
  const { tx, rx, memory, tap, txInterrupt, rxInterrupt, configInterrupt } = guest;
  const parts = { vm: vm.name, tx, rx, memory, packets, tap, network, txInterrupt, rxInterrupt };
  if (backend === 'vhost') {
    const vhost = new Vhost(books, { ...parts, inline: false });
    world.hostThread('vhost hostile', vm.backend, (cpu, thread) => vhost.program(cpu, thread));
    Object.assign(guest, { kickTx: vhost.kickTx, kickRx: vhost.kickRx });
  } else {
    const loop = qemuOf(world, vm);
    const qemu = new UserspaceVirtioNet(sim, books, {
      ...parts,
      configInterrupt,
      loop,
      transmit: { tx: 'bh', timer: us(150), burst: 256 },
    });
    Object.assign(guest, { kickTx: qemu.kickTx, kickRx: qemu.kickRx });
  }
  return guest;
};

const every = (gap: number, from: number, to: number): number[] =>
  Array.from({ length: Math.ceil((to - from) / gap) }, (_, i) => from + i * gap);

/** The victim on `datapath` beside a guest that breaks `queue`, or that falls silent there. */
const trialOf = (datapath: Datapath, backend: Backend, queue: Queue, breaks: boolean) => {
  const trial = new Trial({ machine: server, datapath, loads: LOADS, cores: VICTIM_CORES });
  const guest = neighbour(trial.world, backend);
  const taken: number[] = [];
  /** QEMU's device stops as a whole, vhost's queue alone. */
  const times = (gap: number, of: Queue): number[] => [
    ...every(gap, 1, PAUSE),
    ...(breaks || (backend === 'vhost' && of !== queue) ? every(gap, RESUME, END) : []),
  ];
  guest.at(times(7, 'tx'), () => {
    guest.reap(guest.driverTx);
    guest.transmit(1);
  });
  guest.at(times(11, 'rx'), () => {
    const frames = guest.reap(guest.driverRx);
    taken.push(...frames);
    guest.receive(1);
    guest.refill(frames.length);
  });
  if (breaks) guest.at([BREAK], () => guest.misbehave(queue, (ring) => ring.table.address.fill(2 ** 40)));
  trial.run('drained');
  taken.push(...guest.reap(guest.driverRx));
  return { trial, guest, taken: taken.length };
};

/** Everything that the books hold about the victim and about what both VMs share. */
const victims = ({ world, records }: Trial): unknown => {
  const { books, nic, cores } = world;
  const own = HOSTILE_CORES.map((id) => cores[id].name);
  return {
    spending: books.ledger.spending().filter(({ core }) => !own.includes(core)),
    idle: [...books.ledger.idle].filter(([core]) => !own.includes(core)),
    counters: books.counters
      .since([])
      .filter(({ counter: { component, vm } }) => vm !== 'hostile' && !component.includes('hostile'))
      .map(({ counter, value }) => ({ ...counter, value })),
    tallies: books.counters.allTallies().filter(({ vm }) => vm !== 'hostile'),
    records,
    wire: nic.egress.use(),
  };
};

const queues: readonly (readonly [Backend, Queue])[] = [
  ['vhost', 'tx'],
  ['vhost', 'rx'],
  ['qemu', 'tx'],
  ['qemu', 'rx'],
];

describe.each(datapaths.map((datapath) => [datapath.kind, datapath] as const))(
  'a VM on %s',
  (_kind, datapath) => {
    test.each(queues)('does not notice that its neighbour breaks %s’s %s ring', (backend, queue) => {
      const broken = trialOf(datapath, backend, queue, true);
      const silent = trialOf(datapath, backend, queue, false);
      expect(broken.trial.records[0].completed).toBeGreaterThan(40);
      expect(JSON.stringify(victims(broken.trial))).toBe(JSON.stringify(victims(silent.trial)));
    });
  },
);

const WORKING = every(7, 1, PAUSE).length;
const ARRIVED = every(11, 1, PAUSE).length;
const LATER = every(7, RESUME, END).length;
const LATER_ARRIVED = every(11, RESUME, END).length;

test.each(queues)('the books of both close when %s’s %s ring breaks', (backend, queue) => {
  const { trial, guest, taken } = trialOf(datapaths[0], backend, queue, true);
  for (const gap of Object.values(trial.gaps)) expect(gap).toBe(0);
  for (const record of trial.records) expect(record.inFlight).toBe(record.name.startsWith('request') ? 1 : 0);
  const { record, tap } = guest;
  const goesOn = backend === 'vhost';
  const sent = WORKING + (goesOn && queue === 'rx' ? LATER : 0);
  const received = ARRIVED + (goesOn && queue === 'tx' ? LATER_ARRIVED : 0);
  expect([record.submitted, record.completed]).toEqual([WORKING + LATER + ARRIVED + LATER_ARRIVED, sent]);
  // What the guest took counts as in flight: no application here completes it.
  const inRing = WORKING + LATER - sent;
  const waiting = goesOn && queue === 'tx' ? 0 : TAP;
  expect([taken, tap.queue.length]).toEqual([received, waiting]);
  expect(record.inFlight).toBe(inRing + received + waiting);
  expect(record.dropped).toBe(ARRIVED + LATER_ARRIVED - received - waiting);
});
