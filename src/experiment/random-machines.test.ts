/** Machines as nobody would build them, at work: whatever shares a core with whatever, the books close all along. */
import { expect, test } from 'vitest';
import { datapaths } from '../datapaths/index.ts';
import { type RandomStream, streams } from '../kernel/random.ts';
import { workspace } from '../scenario/workspace.test-support.ts';
import type { Picoseconds } from '../units.ts';
import { buildTrial } from './build-trial.ts';
import { closeBooks } from './run-trial.ts';

const MACHINES = 100;
const KINDS = datapaths.map(({ kind }) => kind);
const SIZES = ['60 B', '512 B', '1514 B', '[{ size: 60 B, weight: 3 }, { size: 1514 B, weight: 1 }]'];
const RATES = ['1 k/s', '50 k/s', '300 k/s', '1 M/s', '3 M/s'];
const COSTS = [
  ...['stack.rx', 'stack.tx', 'vhost.tx', 'vhost.handler', 'host.contextSwitch', 'exit.light', 'exit.kick'],
  ...[
    'exit.heavy',
    'qemu.mainLoop',
    'napi.schedule',
    'iommu.flush',
    'task.switch',
    'syscall',
    'copy.perByte',
  ],
];

const { load } = workspace();

/** Draws parts of a scenario. */
class Draw {
  private readonly stream: RandomStream;
  readonly cores: number;

  constructor(stream: RandomStream) {
    this.stream = stream;
    this.cores = this.upTo(6);
  }

  upTo(most: number): number {
    return 1 + this.stream.integer(most);
  }

  of<T>(list: readonly T[]): T {
    return list[this.stream.integer(list.length)];
  }

  often(share: number): boolean {
    return this.stream.uniform() < share;
  }

  list<T>(most: number, item: () => T): T[] {
    return Array.from({ length: this.stream.integer(most + 1) }, item);
  }

  coreSet(): string {
    const some = new Set([this.upTo(this.cores), ...this.list(1, () => this.upTo(this.cores))]);
    return `[${[...some].map((core) => core - 1).join(', ')}]`;
  }
}

const workload = (draw: Draw, vms: number): string => {
  const open = `arrivals: ${draw.of(['poisson', 'periodic'])}, rate: ${draw.of(RATES)}, size: ${draw.of(SIZES)}`;
  const kind = draw.of([
    `kind: open-loop, direction: transmit, ${open}`,
    `kind: open-loop, direction: receive, ${open}`,
    `kind: request-response, request: 64 B, response: 1514 B, connections: ${draw.upTo(8)}, service: 5 us`,
    `kind: stream, size: ${draw.of(SIZES)}`,
  ]);
  return `{ vm: vm${draw.upTo(vms)}, ${kind} }`;
};

const scenario = (draw: Draw): string => {
  const yes = (): boolean => draw.often(0.5);
  const vms = draw.upTo(3);
  const vm = (): string => {
    const own = draw.often(0.3) ? `, datapath: ${draw.of(KINDS)}` : '';
    return `{ pin: { vcpus: [${draw.coreSet()}], backend: ${draw.coreSet()} }${own} }`;
  };
  const map = (name: string, count: number, item: () => string): string =>
    Array.from({ length: count }, (_, i) => `  ${name}${i + 1}: ${item()}`).join('\n');
  const costs = new Set(draw.list(4, () => draw.of(COSTS)));
  return `title: Random
question: Do the books close?
machine: profiles/${draw.of(['server-3ghz', 'server-amd'])}.yaml
host:
  cores: ${draw.cores}
  irqCore: ${draw.upTo(draw.cores) - 1}
  iommu: ${draw.of(['passthrough', 'lazy', 'strict'])}
  scheduler: { policy: ${draw.of(['eevdf', 'cfs'])}, slice: ${draw.of(['20 us', '0.3 ms', '2.8 ms'])} }
  kvm: { halt_poll_ns: ${draw.of([0, 10_000, 200_000])} }
  features: { apicv: ${yes()}, pvEoi: ${yes()}, postedInterrupts: ${yes()}, tickStop: ${yes()} }
  nic: { rxRing: ${draw.of([64, 512])}, moderation: { kind: ${draw.of(['off', 'hold-off', 'throttle'])}, gap: 50 us } }
vms:
${map('vm', vms, vm)}
workloads:
${map('w', draw.upTo(4), () => workload(draw, vms))}
background: { ${draw.often(0.3) ? `hog: { threads: ${draw.upTo(3)}, cores: ${draw.coreSet()} }` : ''} }
datapaths: [${draw.of(KINDS)}]
parameters:
  vhost-net: { tunables: { event_idx: ${yes()}, napi_tx: ${yes()}, indirect_desc: ${yes()} } }
  virtio-net: { tunables: { event_idx: ${yes()}, napi_tx: ${yes()}, indirect_desc: ${yes()} } }
costs: { ${[...costs].map((cost) => `${cost}: { cycles: ${draw.of([0, 1, 100, 5000, 60_000])} }`).join(', ')} }
run: { measure: 6 ms, warmUp: 1 ms, replications: 2 }
`;
};

test(`the books of ${MACHINES} random machines close at any instant`, { timeout: 120_000 }, () => {
  const stream = streams(20_261_121, 0).stream('machines');
  for (let i = 0; i < MACHINES; i++) {
    const text = scenario(new Draw(stream));
    const [point] = load(text).points;
    const trial = buildTrial(point, { datapath: point.scenario.datapaths[0], seed: i, replication: 1 });
    try {
      for (let part = 1; part <= 7; part++) {
        trial.world.sim.run(Math.floor((part * point.scenario.run.measure) / 7) as Picoseconds);
        closeBooks(trial);
      }
    } catch (error) {
      expect.fail(`${(error as Error).message}\n${text}`);
    }
  }
});
