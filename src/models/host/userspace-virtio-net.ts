/**
 * A virtio-net backend in user space, QEMU's own (hw/net/virtio-net.c) where nothing else is said: everything in the main loop,
 * one used entry and one interrupt decision per packet.
 *
 *   kick ─► eventfd read ─► bottom half: pop, writev to the tap (host stack inside), push, signal? ─► again
 *   tap  ─► up to 50: read, pop, copy, push, signal? ─► the read that finds nothing
 *
 * Other monitors have their own policy for the same steps (monitor.ts).
 *
 * A ring that breaks the rules breaks the whole device (virtio_error): nothing more is popped, kicks are ignored, the
 * tap is no longer read. Only a reset would mend it, and no driver of this model resets a device.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter, Counters } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Timeline } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { Packet } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue, EMPTY } from '../virtio/device-queue.ts';
import type { Source } from './event-loop.ts';
import type { Kicked } from './kick.ts';
import type { Monitor } from './monitor.ts';
import { ReceiveChain } from './receive-chain.ts';
import { RingCosts } from './ring-costs.ts';
import { TapIo } from './tap-io.ts';
import type { HandlesOutput, UserspaceDevice, UserspaceVirtioNetParts } from './userspace-virtio-parts.ts';
import { UserspaceVirtioTransmit } from './userspace-virtio-transmit.ts';

export class UserspaceVirtioNet implements UserspaceDevice {
  readonly kickTx: Kicked & HandlesOutput;
  readonly kickRx: Kicked & HandlesOutput;
  private readonly sim: Simulation;
  private readonly counters: Counters;
  private readonly timeline: Timeline;
  private readonly parts: UserspaceVirtioNetParts;
  private readonly monitor: Monitor;
  private readonly io: TapIo;
  private readonly virtqueue: Cost;
  private readonly eventfdRead: Cost;
  private readonly wake: Cost;
  private readonly copy: Cost;
  private readonly copyPerByte: Cost;
  private readonly ring: RingCosts;
  private readonly stageRx: Stage;
  private readonly waitRx: Stage;
  private readonly tapReadable: Source;
  private readonly pops: Counter;
  private readonly flushes: Counter;
  private readonly buffers: ReceiveChain;
  broken = false;
  /** The guest brought receive buffers that a monitor that takes them ahead has not looked at. */
  private refilled = true;

  constructor(sim: Simulation, books: Accounting, parts: UserspaceVirtioNetParts) {
    const { costs, timeline, counters } = books;
    const { loop, tap } = parts;
    this.sim = sim;
    this.counters = counters;
    this.timeline = timeline;
    this.pops = counters.counter('virtqueue', 'pop', parts.vm);
    this.flushes = counters.counter('virtqueue', 'flush', parts.vm);
    this.parts = parts;
    this.buffers = new ReceiveChain(parts.rx, parts.memory, parts.mergeable ?? false);
    const { monitor } = loop;
    this.monitor = monitor;
    this.io = new TapIo(books, parts.packets, parts.network, monitor.stages.wait, monitor.stages.transmit);
    this.virtqueue = costs.cost(monitor.costs.virtqueue);
    this.eventfdRead = costs.cost(monitor.costs.eventfdRead);
    this.wake = costs.cost('wake.waker');
    this.copy = costs.cost('copy.setup');
    this.copyPerByte = costs.cost('copy.perByte');
    this.ring = new RingCosts(books);
    this.stageRx = timeline.working(monitor.stages.receive);
    this.waitRx = timeline.waiting(`${monitor.stages.wait}, receive`);
    const kicked = (handleOutput: (cpu: Context) => Access): Kicked & HandlesOutput => {
      const event = loop.source((cpu) => this.eventRead(cpu, handleOutput));
      return {
        get asleep() {
          return loop.asleep;
        },
        kick: () => event.raise(),
        handleOutput,
      };
    };
    this.kickTx = kicked((cpu) => transmit.handleOutput(cpu));
    this.kickRx = kicked((cpu) => this.handleRx(cpu));
    this.tapReadable = loop.source((cpu) => this.tapSend(cpu));
    const transmit = new UserspaceVirtioTransmit(sim, books, this, parts);
    tap.attach(() => this.tapReadable.raise());
    parts.tx.allowKicks();
  }

  // --- errors ---------------------------------------------------------------------------------------------------

  /** virtqueue_pop: nothing comes out of a broken device. */
  pop(queue: DeviceQueue): number {
    return this.broken ? EMPTY : queue.pop();
  }

  /** virtio_error: with VERSION_1 DEVICE_NEEDS_RESET is set, and the driver interrupted for it. */
  *fail(cpu: Context, queue: DeviceQueue, name: 'tx' | 'rx'): Access {
    const { vm, configInterrupt } = this.parts;
    this.broken = true;
    countError(this.counters, vm, `${this.monitor.name} virtio-net ${name}`, queue.fault);
    this.chargeRing(cpu, queue);
    if (configInterrupt === null) return;
    const interrupt = configInterrupt();
    interrupt.charge(cpu);
    yield RUN;
    interrupt.raise();
  }

  /** What it took to read the ring since the last call. */
  chargeRing(cpu: Context, queue: DeviceQueue): void {
    this.ring.charge(cpu, queue);
  }

  /** The host's eventfd handler, then the device's. */
  private *eventRead(cpu: Context, handleOutput: (cpu: Context) => Access): Access {
    cpu.charge(this.eventfdRead);
    yield RUN;
    yield* handleOutput(cpu);
  }

  *use(cpu: Context, queue: DeviceQueue, head: number, written: number): Access {
    queue.push(head, written);
    this.pops.value++;
    yield* this.used(cpu, queue);
  }

  private *used(cpu: Context, queue: DeviceQueue): Access {
    const { publishesEach, signal } = this.monitor;
    if (publishesEach || signal === 'per-request') this.publish(queue);
    if (signal === 'per-request') yield* this.decide(cpu, queue);
  }

  *settle(cpu: Context, queue: DeviceQueue, used: number): Access {
    const { publishesEach, signal } = this.monitor;
    if (used === 0 || signal === 'per-request') return;
    if (!publishesEach) this.publish(queue);
    yield* this.decide(cpu, queue);
  }

  private publish(queue: DeviceQueue): void {
    queue.flush();
    this.flushes.value++;
  }

  private *decide(cpu: Context, queue: DeviceQueue): Access {
    const { tx, txInterrupt, rxInterrupt } = this.parts;
    if (!queue.shouldSignal()) return;
    const interrupt = queue === tx ? txInterrupt : rxInterrupt;
    this.chargeRing(cpu, queue);
    interrupt.charge(cpu);
    yield RUN;
    interrupt.raise();
  }

  private drop(packet: Packet): void {
    const { packets } = this.parts;
    const request = packets.request[packet];
    if (request >= 0)
      this.timeline.drop(request, this.sim.now, `${this.monitor.name} virtio-net: device broken`);
    packets.release(packet);
  }

  // --- receive --------------------------------------------------------------------------------------------------

  /** The guest refilled its ring: frames that waited in the tap can be read. */
  private *handleRx(cpu: Context): Access {
    if (this.broken) return;
    const waiting = this.parts.tap.attach(() => this.tapReadable.raise());
    if (this.monitor.edgeTriggered) {
      this.refilled = true;
      yield* this.tapSend(cpu);
      return;
    }
    if (!waiting || !this.tapReadable.raise()) return;
    cpu.charge(this.wake);
    yield RUN;
  }

  private *tapSend(cpu: Context): Access {
    const { parts, monitor } = this;
    const { rx, tap, packets } = parts;
    // What raised the source may have been read in the callback before: then ppoll does not report the tap.
    if (tap.queue.length === 0 && !monitor.edgeTriggered) return;
    // Simplification: taken ahead are not the buffers themselves, only the announcement of the next kick.
    if (monitor.takesAhead && this.refilled) rx.allowKicks();
    this.refilled = false;
    let used = 0;
    for (let read = 0; read < monitor.tapBurst; read++) {
      if (tap.queue.length === 0) {
        this.io.chargeEmptyRead(cpu);
        yield RUN;
        break;
      }
      const head = this.takeBuffers(packets.size[tap.queue.peek()]);
      if (head === EMPTY) {
        tap.detach(this.broken ? 'ring full, device broken' : undefined);
        yield* this.settle(cpu, rx, used);
        return;
      }
      const packet = tap.queue.shift();
      cpu.serve(packets.request[packet], this.stageRx, this.waitRx);
      this.io.chargeRead(cpu, packet);
      if (head === BROKEN) {
        // The frame was read before a buffer was looked for: it is lost.
        cpu.serveNobody();
        yield RUN;
        this.drop(packet);
        yield* this.settle(cpu, rx, used);
        yield* this.fail(cpu, rx, 'rx');
        used = 0;
        break;
      }
      yield* this.deliver(cpu, packet);
      used++;
    }
    yield* this.settle(cpu, rx, used);
    if (tap.queue.length > 0) this.tapReadable.raise();
  }

  /** A buffer for a frame. With none left: ask for the refill kick, and look once more. */
  private takeBuffers(size: number): number {
    const { rx } = this.parts;
    const take = (): number => (this.broken ? EMPTY : this.buffers.take(size));
    let head = take();
    if (head === EMPTY && rx.allowKicks()) head = take();
    if (head !== EMPTY && this.monitor.suppressesKicks) rx.suppressKicks();
    return head;
  }

  /** The frame was read, and the read is charged: into the guest's buffer, and used. */
  private *deliver(cpu: Context, packet: Packet): Access {
    const { rx, memory, packets, iommu } = this.parts;
    iommu?.translate(cpu, memory.page(this.buffers.address));
    cpu.charge(this.virtqueue);
    this.chargeRing(cpu, rx);
    if (this.monitor.rxCopies === 2) {
      cpu.charge(this.copy);
      cpu.charge(this.copyPerByte, packets.size[packet]);
    }
    cpu.serveNobody();
    yield RUN;
    this.buffers.fill(packet, packets.size[packet]);
    this.pops.value += this.buffers.count;
    yield* this.used(cpu, rx);
  }
}
