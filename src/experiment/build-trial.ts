/** From a validated point to a world with VMs, backends and applications in it. */
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import type { Attachment } from '../datapaths/datapath.ts';
import type { Boot } from '../datapaths/guest-bus.ts';
import { datapathOf } from '../datapaths/index.ts';
import { type Vm, World } from '../datapaths/world.ts';
import type { RandomStream } from '../kernel/random.ts';
import { BatchSender } from '../models/guest/applications/batch-sender.ts';
import { OpenLoopSender } from '../models/guest/applications/open-loop-sender.ts';
import { Receiver } from '../models/guest/applications/receiver.ts';
import { RequestClient } from '../models/guest/applications/request-client.ts';
import { StreamSender } from '../models/guest/applications/stream-sender.ts';
import {
  type Arrivals,
  fixedSize,
  mixedSizes,
  periodic,
  poisson,
  type Sizes,
} from '../models/guest/arrivals.ts';
import { HostileDriver } from '../models/guest/hostile-driver.ts';
import { NetStack } from '../models/guest/net-stack.ts';
import { SOCKET_MEMORY, Socket, truesize } from '../models/guest/socket.ts';
import { type Context, type Program, RUN, WAIT } from '../models/hardware/context.ts';
import { FRAME_MIN } from '../models/hardware/frame.ts';
import { TrafficSource } from '../models/hardware/traffic-source.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import type { Scenario } from '../scenario/schema.ts';
import { bootOf, kindOf, paramsOf } from '../scenario/vm-cards.ts';
import type { VmSettings } from '../scenario/vm-schema.ts';
import type { Workload } from '../scenario/workload-schema.ts';
import { interval, type Picoseconds, seconds } from '../units.ts';
import { placed } from './vm-setup.ts';

/** A workload at work: its record, and what its verdict needs besides. */
export interface RunningWorkload {
  readonly name: string;
  readonly vm: string;
  readonly record: WorkloadRecord;
  /** Requests per second that want to start; null for closed loops. */
  readonly offered: number | null;
  /** How far the sender is behind its schedule, ps. */
  lag(now: number): number;
  /** Whether who lost a request waits for ever: nobody retransmits. */
  readonly stallsOnLoss: boolean;
}

export interface Trial {
  readonly world: World;
  readonly workloads: readonly RunningWorkload[];
  readonly vms: readonly string[];
  /** By VM: what its guest made of its cards. Bare metal has none. */
  readonly boots: ReadonlyMap<string, Boot>;
}

export interface TrialRun {
  readonly datapath: string;
  readonly seed: number;
  readonly replication: number;
}

const sizesOf = (size: number | readonly { size: number; weight: number }[], stream: RandomStream): Sizes =>
  typeof size === 'number'
    ? fixedSize(Math.max(size, FRAME_MIN))
    : mixedSizes(
        stream,
        size.map(({ size: bytes, weight }) => ({ size: Math.max(bytes, FRAME_MIN), share: weight })),
      );

/** net.core.rmem_default in packets of this size. */
const receiveLimit = (size: number): number => Math.floor(SOCKET_MEMORY / truesize(size));

class TrialBuilder {
  private readonly world: World;
  private readonly attachments = new Map<string, { attachment: Attachment; stack: NetStack }>();
  readonly boots = new Map<string, Boot>();
  private flow = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** A VM whose guest drives none of its cards has no network: nothing is attached. */
  addVm(vm: Vm, kind: string, scenario: Scenario): void {
    const boot = bootOf(scenario, vm.name, kind);
    if (boot !== null) this.boots.set(vm.name, boot);
    const used = boot === null ? kind : boot.carrier?.kind;
    if (used === undefined) return;
    this.attach(vm, used, paramsOf(scenario, vm.name, used), scenario.vms[vm.name].hostile);
  }

  private attach(vm: Vm, kind: string, params: unknown, hostile: VmSettings['hostile']): void {
    const { world } = this;
    const attachment = datapathOf(kind).build(world, vm, params as never);
    const stack = new NetStack(attachment.processor, world.packets, attachment.device);
    this.attachments.set(vm.name, { attachment, stack });
    const virtqueue = attachment.virtqueues?.[hostile?.queue ?? 'tx'];
    if (hostile === undefined || virtqueue === undefined) return;
    const { misdeed, after, every = null } = hostile;
    new HostileDriver(attachment.processor, virtqueue.queue, virtqueue.doorbell, { misdeed, after, every });
  }

  /** Threads that compute without end. */
  addHogs(name: string, threads: number, cores: readonly number[]): void {
    const { world } = this;
    const work = world.books.costs.cost('background.work');
    for (let i = 0; i < threads; i++) {
      const program = function* (cpu: Context): Program {
        yield WAIT;
        for (;;) {
          cpu.spend(work, seconds(1), 1);
          yield RUN;
        }
      };
      world.hostThread(`${name}${i}`, cores, program).signal();
    }
  }

  addWorkload(name: string, workload: Workload): RunningWorkload {
    const { world } = this;
    const record = world.books.timeline.workload(name);
    const stallsOnLoss = workload.kind === 'request-response';
    const base = { name, vm: workload.vm, record, stallsOnLoss };
    // Without a network card there is nowhere to send to, and nobody sends to a VM without an address.
    if (!this.attachments.has(workload.vm))
      return { ...base, offered: null, lag: () => 0, stallsOnLoss: false };
    switch (workload.kind) {
      case 'open-loop':
        return workload.direction === 'transmit'
          ? { ...base, ...this.addSender(record, workload) }
          : { ...base, ...this.addReceiver(record, workload) };
      case 'request-response':
        this.addClients(record, workload);
        return { ...base, offered: null, lag: () => 0 };
      case 'stream': {
        const sizes = sizesOf(workload.size, this.stream(record, 'size'));
        const socket = new Socket(workload.sendBuffer, 1);
        const { processor, endpoint } = this.endpoint(record, workload.vm, socket, sizes);
        world.peer.role(endpoint.flow, { kind: 'sink' });
        new StreamSender(processor, endpoint);
        return { ...base, offered: null, lag: () => 0 };
      }
    }
  }

  private stream(record: WorkloadRecord, variate: string): RandomStream {
    return this.world.random.stream(`workload ${record.name} ${variate}`);
  }

  private endpoint(record: WorkloadRecord, vm: string, socket: Socket, sizes: Sizes) {
    const { attachment, stack } = this.attachments.get(vm) as NonNullable<
      ReturnType<typeof this.attachments.get>
    >;
    const flow = this.flow++;
    stack.bind(flow, socket);
    attachment.route(flow);
    const endpoint = { record, flow, socket, stack, packets: this.world.packets, sizes };
    return { processor: attachment.processor, endpoint };
  }

  private arrivals(record: WorkloadRecord, workload: Extract<Workload, { kind: 'open-loop' }>): Arrivals {
    const gap = interval(workload.rate);
    const stream = this.stream(record, 'arrivals');
    return workload.arrivals === 'poisson' ? poisson(stream, gap) : periodic(stream, gap);
  }

  private addSender(record: WorkloadRecord, workload: Extract<Workload, { kind: 'open-loop' }>) {
    const sizes = sizesOf(workload.size, this.stream(record, 'size'));
    const socket = new Socket(SOCKET_MEMORY, 1);
    const { processor, endpoint } = this.endpoint(record, workload.vm, socket, sizes);
    this.world.peer.role(endpoint.flow, { kind: 'sink' });
    const arrivals = this.arrivals(record, workload);
    const { batch } = workload;
    const sender =
      batch === undefined
        ? new OpenLoopSender(processor, endpoint, arrivals)
        : new BatchSender(processor, endpoint, arrivals, batch);
    return { offered: workload.rate, lag: (now: number) => Math.max(0, now - sender.intended) };
  }

  private addReceiver(record: WorkloadRecord, workload: Extract<Workload, { kind: 'open-loop' }>) {
    const { world } = this;
    const sizes = sizesOf(workload.size, this.stream(record, 'size'));
    const largest = typeof workload.size === 'number' ? workload.size : 1514;
    const socket = new Socket(SOCKET_MEMORY, receiveLimit(largest));
    const { processor, endpoint } = this.endpoint(record, workload.vm, socket, sizes);
    new Receiver(processor, endpoint);
    new TrafficSource(world.sim, world.peer, {
      record,
      flow: endpoint.flow,
      arrivals: this.arrivals(record, workload),
      sizes,
    });
    return { offered: workload.rate, lag: () => 0 };
  }

  private addClients(
    record: WorkloadRecord,
    workload: Extract<Workload, { kind: 'request-response' }>,
  ): void {
    const { world } = this;
    const service = this.stream(record, 'service');
    const draw = (): Picoseconds =>
      workload.serviceVariation === 'fixed'
        ? workload.service
        : (Math.round(service.exponential(workload.service)) as Picoseconds);
    for (let i = 0; i < workload.connections; i++) {
      const socket = new Socket(SOCKET_MEMORY, 16);
      const sizes = fixedSize(Math.max(workload.request, FRAME_MIN));
      const { processor, endpoint } = this.endpoint(record, workload.vm, socket, sizes);
      world.peer.role(endpoint.flow, {
        kind: 'server',
        response: Math.max(workload.response, FRAME_MIN),
        service: draw,
      });
      new RequestClient(processor, endpoint, workload.think);
    }
  }
}

/** Builds one trial of `point` on one datapath. */
export const buildTrial = (point: ScenarioPoint, run: TrialRun): Trial => {
  const { scenario, machine } = point;
  const { maxEvents } = scenario.run;
  const world = new World(machine, { seed: run.seed, replication: run.replication, maxEvents });
  const builder = new TrialBuilder(world);
  const names = Object.keys(scenario.vms);
  names.forEach((name, index) => {
    builder.addVm(placed(point, name, index), kindOf(scenario, name, run.datapath), scenario);
  });
  for (const [name, { threads, cores }] of Object.entries(scenario.background)) {
    builder.addHogs(name, threads, cores);
  }
  const workloads = Object.entries(scenario.workloads).map(([name, workload]) =>
    builder.addWorkload(name, workload),
  );
  return { world, workloads, vms: names, boots: builder.boots };
};
