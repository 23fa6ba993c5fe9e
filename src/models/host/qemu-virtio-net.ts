/**
 * QEMU's own virtio-net backend (hw/net/virtio-net.c): everything in the main loop, one used entry and one interrupt
 * decision per packet.
 *
 *   kick ─► eventfd read ─► bottom half: pop, writev to the tap (host stack inside), push, signal? ─► again
 *   tap  ─► up to 50: read, pop, copy, push, signal?
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
import { takeFrame } from './guest-frame.ts';
import type { GuestIommu } from './guest-iommu.ts';
import type { InterruptPath } from './interrupt-path.ts';
import type { Kicked } from './kick.ts';
import type { MainLoop, Source } from './main-loop.ts';
import { TapIo } from './tap-io.ts';
import type { BackendParts } from './virtio-net-backend.ts';

/** Frames one tap_send callback reads before others get their turn (net/tap.c). */
export const TAP_BURST = 50;

export interface QemuVirtioNetParts extends BackendParts {
  /** In front of the device (iommu_platform). */
  readonly iommu?: GuestIommu | undefined;
  readonly loop: MainLoop;
  /** The vector for changes of the configuration; asked for when one changes. */
  readonly configInterrupt: () => InterruptPath;
  /** Property x-txburst. */
  readonly txBurst: number;
}

export class QemuVirtioNet {
  readonly kickTx: Kicked;
  readonly kickRx: Kicked;
  private readonly sim: Simulation;
  private readonly counters: Counters;
  private readonly timeline: Timeline;
  private readonly parts: QemuVirtioNetParts;
  private readonly io: TapIo;
  private readonly virtqueue: Cost;
  private readonly eventfdRead: Cost;
  private readonly copy: Cost;
  private readonly copyPerByte: Cost;
  private readonly stageRx: Stage;
  private readonly waitRx: Stage;
  private readonly bottomHalf: Source;
  private readonly tapReadable: Source;
  private readonly pops: Counter;
  private readonly flushes: Counter;
  private txWaiting = false;
  private broken = false;

  constructor(sim: Simulation, books: Accounting, parts: QemuVirtioNetParts) {
    const { costs, timeline, counters } = books;
    const { loop, tap } = parts;
    this.sim = sim;
    this.counters = counters;
    this.timeline = timeline;
    this.pops = counters.counter('virtqueue', 'pop', parts.vm);
    this.flushes = counters.counter('virtqueue', 'flush', parts.vm);
    this.parts = parts;
    this.io = new TapIo(books, parts.packets, parts.network, 'wait: QEMU main loop');
    this.virtqueue = costs.cost('qemu.virtqueue');
    this.eventfdRead = costs.cost('qemu.eventfdRead');
    this.copy = costs.cost('copy.setup');
    this.copyPerByte = costs.cost('copy.perByte');
    this.stageRx = timeline.working('qemu: receive');
    this.waitRx = timeline.waiting('wait: QEMU main loop, receive');
    const txEvent = loop.source((cpu) => this.handleTx(cpu));
    const rxEvent = loop.source((cpu) => this.handleRx(cpu));
    this.tapReadable = loop.source((cpu) => this.tapSend(cpu));
    this.bottomHalf = loop.source((cpu) => this.txBottomHalf(cpu));
    const kicked = (source: Source): Kicked => ({
      get asleep() {
        return loop.asleep;
      },
      kick: () => source.raise(),
    });
    this.kickTx = kicked(txEvent);
    this.kickRx = kicked(rxEvent);
    tap.attach(() => this.tapReadable.raise());
    parts.tx.allowKicks();
  }

  // --- errors ---------------------------------------------------------------------------------------------------

  /** virtqueue_pop: nothing comes out of a broken device. */
  private pop(queue: DeviceQueue): number {
    return this.broken ? EMPTY : queue.pop();
  }

  /** virtio_error: DEVICE_NEEDS_RESET is set (VERSION_1 is always negotiated here), and the driver interrupted for it. */
  private *fail(cpu: Context, queue: DeviceQueue, name: 'tx' | 'rx'): Access {
    const { vm, configInterrupt } = this.parts;
    this.broken = true;
    countError(this.counters, vm, `qemu virtio-net ${name}`, queue.fault);
    const interrupt = configInterrupt();
    interrupt.charge(cpu);
    yield RUN;
    interrupt.raise();
  }

  private drop(packet: Packet): void {
    const { packets } = this.parts;
    const request = packets.request[packet];
    if (request >= 0) this.timeline.drop(request, this.sim.now, 'qemu virtio-net: device broken');
    packets.release(packet);
  }

  // --- transmit -------------------------------------------------------------------------------------------------

  private *handleTx(cpu: Context): Access {
    cpu.charge(this.eventfdRead);
    yield RUN;
    if (this.txWaiting || this.broken) return;
    this.txWaiting = true;
    this.parts.tx.suppressKicks();
    this.bottomHalf.raise();
  }

  private *txBottomHalf(cpu: Context): Access {
    const { tx, txBurst } = this.parts;
    this.txWaiting = false;
    if ((yield* this.flushTx(cpu)) < txBurst) {
      tx.allowKicks();
      if ((yield* this.flushTx(cpu)) === 0) return;
      tx.suppressKicks();
    }
    this.txWaiting = true;
    this.bottomHalf.raise();
  }

  private *flushTx(cpu: Context): Access<number> {
    const { parts } = this;
    const { tx, txInterrupt } = parts;
    let sent = 0;
    for (; sent < parts.txBurst; sent++) {
      const head = this.pop(tx);
      if (head === BROKEN) yield* this.fail(cpu, tx, 'tx');
      if (head < 0) break;
      const packet = takeFrame(tx, parts.memory, parts.packets);
      this.io.serve(cpu, packet);
      parts.iommu?.translate(cpu, parts.memory.page(tx.address[0]));
      cpu.charge(this.virtqueue);
      const paid = this.io.chargeSend(cpu, packet);
      yield RUN;
      const backlog = this.io.send(cpu, packet, paid);
      if (backlog !== null) yield cpu.call(backlog);
      tx.push(head, 0);
      tx.flush();
      this.pops.value++;
      this.flushes.value++;
      if (!tx.shouldSignal()) continue;
      txInterrupt.charge(cpu);
      yield RUN;
      txInterrupt.raise();
    }
    return sent;
  }

  // --- receive --------------------------------------------------------------------------------------------------

  /** The guest refilled its ring: frames that waited in the tap can be read. */
  private *handleRx(cpu: Context): Access {
    cpu.charge(this.eventfdRead);
    yield RUN;
    if (this.broken) return;
    if (this.parts.tap.attach(() => this.tapReadable.raise())) this.tapReadable.raise();
  }

  private *tapSend(cpu: Context): Access {
    const { parts } = this;
    const { rx, tap, memory, packets, rxInterrupt } = parts;
    for (let read = 0; read < TAP_BURST && tap.queue.length > 0; read++) {
      let head = this.pop(rx);
      if (head === EMPTY) {
        // No buffers: ask for the refill kick, look once more, and stop reading the tap until it comes.
        if (rx.allowKicks()) head = this.pop(rx);
        if (head === EMPTY) {
          tap.detach(this.broken ? 'ring full, device broken' : undefined);
          return;
        }
      }
      rx.suppressKicks();
      const address = rx.address[rx.readable];
      const packet = tap.queue.shift();
      cpu.serve(packets.request[packet], this.stageRx, this.waitRx);
      this.io.chargeRead(cpu, packet);
      if (head === BROKEN) {
        // The frame was read before a buffer was looked for: it is lost.
        cpu.serveNobody();
        yield RUN;
        this.drop(packet);
        yield* this.fail(cpu, rx, 'rx');
        break;
      }
      parts.iommu?.translate(cpu, memory.page(address));
      cpu.charge(this.virtqueue);
      cpu.charge(this.copy);
      cpu.charge(this.copyPerByte, packets.size[packet]);
      cpu.serveNobody();
      yield RUN;
      memory.write(address, packet);
      rx.push(head, packets.size[packet]);
      rx.flush();
      this.pops.value++;
      this.flushes.value++;
      if (!rx.shouldSignal()) continue;
      rxInterrupt.charge(cpu);
      yield RUN;
      rxInterrupt.raise();
    }
    if (tap.queue.length > 0) this.tapReadable.raise();
  }
}
