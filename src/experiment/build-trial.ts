/** From a validated point to a world with VMs, backends and applications in it. */
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import type { Attachment } from '../datapaths/datapath.ts';
import type { DiskAttachment } from '../datapaths/disk-datapath.ts';
import type { Boot } from '../datapaths/guest-bus.ts';
import { datapathOf, diskDatapathOf } from '../datapaths/index.ts';
import { type Vm, World } from '../datapaths/world.ts';
import type { RandomStream } from '../kernel/random.ts';
import type { Endpoint } from '../models/guest/applications/application.ts';
import { type Batching, BatchSender } from '../models/guest/applications/batch-sender.ts';
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
import type { PollLoop } from '../models/guest/polling/poll-loop.ts';
import type { PolledEndpoint } from '../models/guest/polling/polled-application.ts';
import {
  PolledClient,
  PolledReceiver,
  PolledSender,
  PolledStream,
} from '../models/guest/polling/polled-applications.ts';
import { SOCKET_MEMORY, Socket, truesize } from '../models/guest/socket.ts';
import { FRAME_MIN } from '../models/hardware/frame.ts';
import { TrafficSource } from '../models/hardware/traffic-source.ts';
import { leadsToNetwork, usesDisk, usesNetwork } from '../scenario/check-disks.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import type { Scenario } from '../scenario/schema.ts';
import { bootOf, kindOf, paramsOf } from '../scenario/vm-cards.ts';
import type { VmSettings } from '../scenario/vm-schema.ts';
import type { Workload } from '../scenario/workload-schema.ts';
import { interval, type Picoseconds } from '../units.ts';
import { addFioJobs } from './build-disk-jobs.ts';
import { addHogs } from './build-hogs.ts';
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

/** The same behind a socket of the guest's kernel. */
const bound = (endpoint: PolledEndpoint, stack: NetStack, socket: Socket): Endpoint => {
  stack.bind(endpoint.flow, socket);
  return { ...endpoint, stack, socket };
};

/** net.core.rmem_default in packets of this size. */
const receiveLimit = (size: number): number => Math.floor(SOCKET_MEMORY / truesize(size));

/** A VM on its datapath, with what its applications run above: its kernel's network stack, or a poll loop. */
interface Attached {
  readonly attachment: Attachment;
  readonly above: NetStack | PollLoop;
}

class TrialBuilder {
  private readonly world: World;
  private readonly attachments = new Map<string, Attached>();
  private readonly disks = new Map<string, DiskAttachment>();
  readonly boots = new Map<string, Boot>();
  private flow = 0;
  private jobs = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** A VM whose guest drives none of its cards has no network: nothing is attached. */
  addVm(vm: Vm, kind: string, scenario: Scenario): void {
    if (usesDisk(scenario, vm.name)) {
      const params = paramsOf(scenario, vm.name, kind);
      this.disks.set(vm.name, diskDatapathOf(kind).build(this.world, vm, params as never));
    }
    if (!leadsToNetwork(kind) || (usesDisk(scenario, vm.name) && !usesNetwork(scenario, vm.name))) return;
    const boot = bootOf(scenario, vm.name, kind);
    if (boot !== null) this.boots.set(vm.name, boot);
    const used = boot === null ? kind : boot.carrier?.kind;
    if (used === undefined) return;
    this.attach(vm, used, paramsOf(scenario, vm.name, used), scenario.vms[vm.name].hostile);
  }

  private attach(vm: Vm, kind: string, params: unknown, hostile: VmSettings['hostile']): void {
    const { world } = this;
    const attachment = datapathOf(kind).build(world, vm, params as never);
    const { processor, device, loop } = attachment;
    const above = loop ?? new NetStack(processor, world.packets, device);
    this.attachments.set(vm.name, { attachment, above });
    const virtqueue = attachment.virtqueues?.[hostile?.queue ?? 'tx'];
    if (hostile === undefined || virtqueue === undefined) return;
    const { misdeed, after, every = null } = hostile;
    new HostileDriver(attachment.processor, virtqueue.queue, virtqueue.doorbell, { misdeed, after, every });
  }

  addWorkload(name: string, workload: Workload): RunningWorkload {
    const { world } = this;
    const record = world.books.timeline.workload(name);
    const stallsOnLoss = workload.kind === 'request-response';
    const base = { name, vm: workload.vm, record, stallsOnLoss };
    if (workload.kind === 'fio') {
      const disk = this.disks.get(workload.vm) as DiskAttachment;
      const before = this.jobs;
      this.jobs += workload.numjobs;
      return { ...base, ...addFioJobs(world, disk, record, workload, before) };
    }
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
        const { endpoint, attached } = this.endpoint(record, workload.vm, sizes);
        const { above, attachment } = attached;
        world.peer.role(endpoint.flow, { kind: 'sink' });
        if (above instanceof NetStack) {
          const socket = new Socket(workload.sendBuffer, 1);
          new StreamSender(attachment.processor, bound(endpoint, above, socket));
        } else new PolledStream(above, endpoint);
        return { ...base, offered: null, lag: () => 0 };
      }
    }
  }

  private stream(record: WorkloadRecord, variate: string): RandomStream {
    return this.world.random.stream(`workload ${record.name} ${variate}`);
  }

  private endpoint(record: WorkloadRecord, vm: string, sizes: Sizes) {
    const attached = this.attachments.get(vm) as Attached;
    const flow = this.flow++;
    attached.attachment.route(flow);
    return { attached, endpoint: { record, flow, packets: this.world.packets, sizes } };
  }

  private arrivals(record: WorkloadRecord, workload: Extract<Workload, { kind: 'open-loop' }>): Arrivals {
    const gap = interval(workload.rate);
    const stream = this.stream(record, 'arrivals');
    return workload.arrivals === 'poisson' ? poisson(stream, gap) : periodic(stream, gap);
  }

  private addSender(record: WorkloadRecord, workload: Extract<Workload, { kind: 'open-loop' }>) {
    const sizes = sizesOf(workload.size, this.stream(record, 'size'));
    const { endpoint, attached } = this.endpoint(record, workload.vm, sizes);
    this.world.peer.role(endpoint.flow, { kind: 'sink' });
    const sender = this.sender(attached, endpoint, this.arrivals(record, workload), workload.batch);
    return { offered: workload.rate, lag: (now: number) => Math.max(0, now - sender.intended) };
  }

  private sender(
    { above, attachment: { processor } }: Attached,
    endpoint: PolledEndpoint,
    arrivals: Arrivals,
    batch: Batching | undefined,
  ): { readonly intended: Picoseconds } {
    if (!(above instanceof NetStack)) return new PolledSender(above, endpoint, arrivals, batch);
    const socketed = bound(endpoint, above, new Socket(SOCKET_MEMORY, 1));
    return batch === undefined
      ? new OpenLoopSender(processor, socketed, arrivals)
      : new BatchSender(processor, socketed, arrivals, batch);
  }

  private addReceiver(record: WorkloadRecord, workload: Extract<Workload, { kind: 'open-loop' }>) {
    const { world } = this;
    const sizes = sizesOf(workload.size, this.stream(record, 'size'));
    const largest = typeof workload.size === 'number' ? workload.size : 1514;
    const { endpoint, attached } = this.endpoint(record, workload.vm, sizes);
    const { above, attachment } = attached;
    if (above instanceof NetStack) {
      const socket = new Socket(SOCKET_MEMORY, receiveLimit(largest));
      new Receiver(attachment.processor, bound(endpoint, above, socket));
    } else new PolledReceiver(above, endpoint);
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
      const sizes = fixedSize(Math.max(workload.request, FRAME_MIN));
      const { endpoint, attached } = this.endpoint(record, workload.vm, sizes);
      const { above, attachment } = attached;
      world.peer.role(endpoint.flow, {
        kind: 'server',
        response: Math.max(workload.response, FRAME_MIN),
        service: draw,
      });
      if (above instanceof NetStack) {
        const socketed = bound(endpoint, above, new Socket(SOCKET_MEMORY, 16));
        new RequestClient(attachment.processor, socketed, workload.think);
      } else new PolledClient(above, endpoint, workload.think);
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
    addHogs(world, name, threads, cores);
  }
  const workloads = Object.entries(scenario.workloads).map(([name, workload]) =>
    builder.addWorkload(name, workload),
  );
  return { world, workloads, vms: names, boots: builder.boots };
};
