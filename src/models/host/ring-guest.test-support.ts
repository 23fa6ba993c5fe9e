/** A guest in the hands of a test: both rings of a virtio-net device, a tap before it, and counts of what the backend does. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { WorkloadRecord } from '../../accounting/workload-record.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../units.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import { type Backend, backendRules } from '../virtio/backend-rules.ts';
import { NOTHING } from '../virtio/driver-queue.ts';
import { GuestMemory } from '../virtio/guest-memory.ts';
import { receiveBuffer, transmitBuffer } from '../virtio/net-buffer.ts';
import { SplitDevice } from '../virtio/split-device.ts';
import { SplitDriver } from '../virtio/split-driver.ts';
import { SplitRing } from '../virtio/split-ring.ts';
import { type Injection, InterruptPath } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import { Tap } from './tap.ts';
import type { VCpu } from './vcpu.ts';

export interface Host {
  readonly sim: Simulation;
  readonly books: Accounting;
  readonly packets: Packets;
  readonly vcpu: VCpu;
}

export interface GuestSettings {
  /** Entries of each ring. */
  readonly size?: number;
  /** Buffers in the receive ring at the start. */
  readonly rxBuffers?: number;
  readonly eventIdx?: boolean;
  /** Bytes of each frame. */
  readonly frame?: number;
  readonly tapLength?: number;
  /** Its name in counters and drops. */
  readonly vm?: string;
}

type Queue = 'tx' | 'rx';

/** One publication of used buffers. */
export interface Flush {
  readonly queue: Queue;
  readonly packets: number;
  /** us */
  readonly at: number;
}

export class RingGuest {
  readonly memory = new GuestMemory(16_384);
  readonly tx: SplitDevice;
  readonly rx: SplitDevice;
  readonly driverTx: SplitDriver;
  readonly driverRx: SplitDriver;
  readonly tap: Tap;
  readonly record: WorkloadRecord;
  readonly txInterrupt: InterruptPath;
  readonly rxInterrupt: InterruptPath;
  readonly configInterrupt: () => InterruptPath;
  readonly signals = { tx: 0, rx: 0, config: 0 };
  readonly counts = { txDecisions: 0, rxDecisions: 0, txEnables: 0, kicks: 0 };
  readonly flushes: Flush[] = [];
  /** The backend; set before time passes. */
  kickTx!: Kicked;
  kickRx!: Kicked;
  private readonly host: Host;
  private readonly frame: number;
  private filled = false;

  constructor(host: Host, backend: Backend, settings: GuestSettings = {}) {
    const { size = 256, eventIdx = true, frame = 60, tapLength = 1000, vm = 'vm' } = settings;
    const { rxBuffers = size } = settings;
    this.host = host;
    this.frame = frame;
    const { books, packets, vcpu } = host;
    this.tx = new SplitDevice(
      new SplitRing(size, eventIdx),
      this.memory,
      backendRules[backend],
      transmitBuffer,
    );
    this.rx = new SplitDevice(
      new SplitRing(size, eventIdx),
      this.memory,
      backendRules[backend],
      receiveBuffer,
    );
    const options = { indirect: false, inOrder: false, rearmsWhileReaping: false };
    this.driverTx = new SplitDriver(this.tx.ring, options);
    this.driverRx = new SplitDriver(this.rx.ring, options);
    this.tap = new Tap(books, packets, `${vm} tap`, vm, tapLength);
    this.record = books.timeline.workload('w');
    const how: Injection = backend === 'vhost' ? 'irqfd' : 'KVM_SIGNAL_MSI';
    const path = (queue: Queue | 'config'): InterruptPath => {
      const raise = () => void this.signals[queue]++;
      return new InterruptPath(books, vcpu, how, queue, () => ({ raise }) as InterruptLine);
    };
    this.txInterrupt = path('tx');
    this.rxInterrupt = path('rx');
    this.configInterrupt = () => path('config');
    // The first decision of a device is always to interrupt: that is not what these tests are about.
    this.tx.shouldSignal();
    this.rx.shouldSignal();
    this.watch('tx', this.tx);
    this.watch('rx', this.rx);
    this.refill(rxBuffers);
  }

  /** Notes what the backend does with a ring. */
  private watch(queue: Queue, device: SplitDevice): void {
    const { flush, shouldSignal, allowKicks } = SplitDevice.prototype;
    device.flush = () => {
      const before = device.ring.usedIdx;
      flush.call(device);
      const packets = (device.ring.usedIdx - before) & 0xffff;
      this.flushes.push({ queue, packets, at: this.host.sim.now / 1e6 });
    };
    device.shouldSignal = () => {
      this.counts[`${queue}Decisions`]++;
      return shouldSignal.call(device);
    };
    device.allowKicks = () => {
      if (queue === 'tx') this.counts.txEnables++;
      return allowKicks.call(device);
    };
  }

  private frames(count: number, size = this.frame): Packet[] {
    const { packets, books, sim } = this.host;
    return Array.from({ length: count }, () =>
      packets.create(size, books.timeline.open(this.record, sim.now, sim.now, size), 0),
    );
  }

  /** Sends as a driver does: add, decide, kick; one after the other. */
  transmit(count: number, size = this.frame): void {
    for (const packet of this.frames(count, size)) {
      const address = this.memory.allocate();
      this.memory.write(address, packet);
      if (!this.driverTx.addOne(address, 12 + size, false, address)) throw new Error('the ring is full');
      if (!this.driverTx.kickPrepare()) continue;
      this.counts.kicks++;
      this.kickTx.kick();
    }
  }

  /** The driver offers a buffer as ever, and `mischief` spoils it before the device can look. */
  misbehave(queue: Queue, mischief: (ring: SplitRing) => void): void {
    const [driver, kicked] = queue === 'tx' ? [this.driverTx, this.kickTx] : [this.driverRx, this.kickRx];
    const address = this.memory.allocate();
    driver.addOne(address, 72, queue === 'rx', address);
    mischief(driver.ring);
    if (driver.kickPrepare()) kicked.kick();
  }

  /** Takes back what the device has used. */
  reap(queue: SplitDriver): Packet[] {
    const taken: Packet[] = [];
    for (let address = queue.reap(); address !== NOTHING; address = queue.reap()) {
      taken.push(this.memory.read(address));
      this.memory.release(address);
    }
    return taken;
  }

  /** The driver's first filling of its ring kicks nobody: the device is not running yet. */
  refill(buffers: number): void {
    for (let i = 0; i < buffers; i++) {
      const address = this.memory.allocate();
      this.driverRx.addOne(address, 2048, true, address);
    }
    if (this.driverRx.kickPrepare() && this.filled) this.kickRx.kick();
    this.filled = true;
  }

  /** Frames for the guest arrive at the tap. */
  receive(count: number): Packet[] {
    const sent = this.frames(count);
    for (const packet of sent) this.tap.produce(packet, this.host.sim.now);
    return sent;
  }

  /** Runs `act` at these instants, us. */
  at(times: readonly number[], act: () => void): void {
    const { sim } = this.host;
    const handler = sim.handler(act);
    for (const time of times) sim.at(us(time), handler);
  }

  /** Lets `span` us pass. */
  run(span: number): void {
    const { sim } = this.host;
    sim.run((sim.now + us(span)) as Picoseconds);
  }

  /** Packets per publication of `queue`. */
  published(queue: Queue): number[] {
    return this.flushes.filter((flush) => flush.queue === queue).map(({ packets }) => packets);
  }

  /** Publications in order, e.g. `tx 64`. */
  get order(): string[] {
    return this.flushes.map(({ queue, packets }) => `${queue} ${packets}`);
  }

  /** Occurrences by cost that `payer` was charged. */
  charged(payer: string): Record<string, number> {
    const totals: Record<string, number> = {};
    for (const line of this.host.books.ledger.spending()) {
      if (line.payer === payer) totals[line.cost] = (totals[line.cost] ?? 0) + line.count;
    }
    return totals;
  }
}
