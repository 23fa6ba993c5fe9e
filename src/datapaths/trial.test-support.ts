/** One VM on one datapath under a load that ends, so that everything sent can be followed to its end. */
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import { OpenLoopSender } from '../models/guest/applications/open-loop-sender.ts';
import { Receiver } from '../models/guest/applications/receiver.ts';
import { RequestClient } from '../models/guest/applications/request-client.ts';
import { StreamSender } from '../models/guest/applications/stream-sender.ts';
import { type Arrivals, fixedSize, periodic, poisson } from '../models/guest/arrivals.ts';
import { NetStack } from '../models/guest/net-stack.ts';
import type { PollLoop } from '../models/guest/polling/poll-loop.ts';
import type { PolledEndpoint } from '../models/guest/polling/polled-application.ts';
import {
  PolledClient,
  PolledReceiver,
  PolledSender,
  PolledStream,
} from '../models/guest/polling/polled-applications.ts';
import { SOCKET_MEMORY, Socket } from '../models/guest/socket.ts';
import { TrafficSource } from '../models/hardware/traffic-source.ts';
import { interval, ms, type Picoseconds, perSecond, us } from '../units.ts';
import { fingerprintOf, gapsOf, misspentOf } from './books.test-support.ts';
import type { Attachment, Datapath } from './datapath.ts';
import type { Machine } from './machine.ts';
import { type GuestIommuSettings, type Vm, World } from './world.ts';

export interface Load {
  readonly kind: 'poisson' | 'periodic' | 'stream' | 'request-response' | 'receive';
  /** Per second, of open loops. */
  readonly rate: number;
  /** Bytes of a frame without FCS. */
  readonly size: number;
  /** Received at equal gaps. */
  readonly paced?: boolean;
}

export interface TrialSetup {
  readonly machine: Machine;
  readonly datapath: Datapath;
  /** As a scenario would write them; defaults are filled in. */
  readonly params?: unknown;
  readonly viommu?: GuestIommuSettings | undefined;
  readonly loads: readonly Load[];
  readonly seed?: number;
  /** Cores of the vCPU and of the backend. */
  readonly cores?: readonly [vcpu: number, backend: number];
  /** What the VM boots; a current Linux where not given. */
  readonly guest?: Vm['guest'];
  /** When senders stop. */
  readonly stop?: Picoseconds;
  /** How long it may take until all that they sent has come to its end: 1 s where not given. */
  readonly drain?: Picoseconds;
}

/** Never, as far as a trial is concerned. */
const NEVER = ms(1e6);

/** A send buffer that takes nothing more from a certain time on. */
class ClosingSocket extends Socket {
  private readonly closed: () => boolean;

  constructor(sendMemory: number, receiveLimit: number, closed: () => boolean) {
    super(sendMemory, receiveLimit);
    this.closed = closed;
  }

  override get full(): boolean {
    return super.full || this.closed();
  }
}

class ClosingStream extends PolledStream {
  private readonly closed: () => boolean;

  constructor(loop: PollLoop, endpoint: PolledEndpoint, closed: () => boolean) {
    super(loop, endpoint);
    this.closed = closed;
  }

  override get due(): number {
    return this.closed() ? NEVER : super.due;
  }
}

/** The same loads in a guest that polls. */
const poll = (
  kind: Load['kind'],
  loop: PollLoop,
  endpoint: PolledEndpoint,
  arrivals: Arrivals,
  over: () => boolean,
): void => {
  if (kind === 'receive') new PolledReceiver(loop, endpoint);
  else if (kind === 'request-response') new PolledClient(loop, endpoint, us(0));
  else if (kind === 'stream') new ClosingStream(loop, endpoint, over);
  else new PolledSender(loop, endpoint, arrivals);
};

export class Trial {
  readonly world: World;
  readonly attachment: Attachment;
  readonly records: WorkloadRecord[] = [];
  /** Requests that ended before one of the same flow that began earlier. */
  readonly overtaken: string[] = [];
  private readonly stop: Picoseconds;
  private readonly end: Picoseconds;
  private readonly above: NetStack | PollLoop;

  constructor(setup: TrialSetup) {
    const { machine, datapath, params = {}, loads, seed = 1, cores = [0, 1], stop = ms(1) } = setup;
    const { guest, viommu } = setup;
    this.stop = stop;
    this.end = (stop + (setup.drain ?? ms(1000))) as Picoseconds;
    this.world = new World(machine, { seed, replication: 0, maxEvents: 20e6 });
    const machineOfVm = { name: 'vm', vcpus: [[cores[0]]], backend: [cores[1]] };
    const vm = { ...machineOfVm, ...(guest && { guest }), ...(viommu && { viommu }) };
    this.attachment = datapath.build(this.world, vm, datapath.params.parse(params));
    const { processor, device, loop } = this.attachment;
    this.above = loop ?? new NetStack(processor, this.world.packets, device);
    this.watchOrder();
    loads.forEach((load, flow) => {
      this.add(load, flow);
    });
  }

  /** Notes each request's number at its opening and compares it at its end. */
  private watchOrder(): void {
    const { timeline } = this.world.books;
    const { open, close } = timeline;
    const numbers: number[] = [];
    const latest: number[] = [];
    const opened: number[] = [];
    timeline.open = (...parameters) => {
      const request = open.apply(timeline, parameters);
      const { id } = parameters[0];
      opened[id] = (opened[id] ?? 0) + 1;
      numbers[request] = opened[id];
      return request;
    };
    timeline.close = (request, now) => {
      const { id, name } = timeline.workloadOf(request);
      if (numbers[request] < (latest[id] ?? 0))
        this.overtaken.push(`${name}: ${numbers[request]} at ${now} ps`);
      latest[id] = numbers[request];
      close.call(timeline, request, now);
    };
  }

  private add({ kind, rate, size, paced = kind === 'periodic' }: Load, flow: number): void {
    const { world, attachment, above, stop } = this;
    const { sim, books, packets, peer, random } = world;
    const { processor } = attachment;
    const record = books.timeline.workload(`${kind} ${flow}`);
    this.records.push(record);
    record.startMeasuring(sim.now);
    const over = (): boolean => sim.now >= stop;
    const polled = { record, flow, packets, sizes: fixedSize(size) };
    attachment.route(flow);
    const gap = interval(perSecond(rate));
    const stream = random.stream(`arrivals ${flow}`);
    const arrivals = (paced ? periodic : poisson)(stream, gap);
    const ending: Arrivals = {
      next: () => {
        const next = arrivals.next();
        return next < stop ? next : NEVER;
      },
    };
    peer.role(flow, { kind: 'sink' });
    if (kind === 'receive')
      new TrafficSource(sim, peer, { record, flow, arrivals: ending, sizes: polled.sizes });
    // The last request is never answered: it stays in flight.
    if (kind === 'request-response')
      peer.role(flow, { kind: 'server', response: size, service: () => (over() ? NEVER : us(5)) });
    if (!(above instanceof NetStack)) {
      poll(kind, above, polled, ending, over);
      return;
    }
    const socket = new ClosingSocket(SOCKET_MEMORY, 277, () => kind === 'stream' && over());
    const endpoint = { ...polled, socket, stack: above };
    above.bind(flow, socket);
    switch (kind) {
      case 'poisson':
      case 'periodic':
        new OpenLoopSender(processor, endpoint, ending);
        return;
      case 'stream':
        new StreamSender(processor, endpoint);
        return;
      case 'receive':
        new Receiver(processor, endpoint);
        return;
      case 'request-response':
        new RequestClient(processor, endpoint, us(0));
    }
  }

  /** Runs until the senders stop, or until all that they sent has come to its end. */
  run(until: 'stopped' | 'drained'): this {
    const { sim, cores } = this.world;
    sim.run(until === 'stopped' ? this.stop : this.end);
    for (const core of cores) core.settleBooks();
    return this;
  }

  get gaps(): Readonly<Record<string, number>> {
    return gapsOf(this.world);
  }

  get misspent(): string[] {
    return misspentOf(this.world);
  }

  get fingerprint(): string {
    return fingerprintOf(this.world, this.records);
  }
}
