/**
 * The transmit queue of QEMU's virtio-net (hw/net/virtio-net.c): a bottom half flushes it in the next iteration of the
 * main loop, or, with `tx=timer`, a timer does.
 *
 * Other monitors serve it in the same iteration, until it is empty.
 *
 *   kick ─► handle_tx: kicks off ─► bottom half or timer: flush ≤ x-txburst, kicks on, flush again ─► found more: once more
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Handler, Simulation } from '../../kernel/simulation.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { Access } from '../hardware/register-port.ts';
import { BROKEN } from '../virtio/device-queue.ts';
import type { Source } from './event-loop.ts';
import { takeFrame } from './guest-frame.ts';
import { TapIo } from './tap-io.ts';
import type { UserspaceDevice, UserspaceVirtioNetParts } from './userspace-virtio-parts.ts';

export class UserspaceVirtioTransmit {
  private readonly sim: Simulation;
  private readonly device: UserspaceDevice;
  private readonly parts: UserspaceVirtioNetParts;
  private readonly io: TapIo;
  private readonly virtqueue: Cost;
  private readonly wake: Cost;
  private readonly flushSource: Source;
  private readonly expire: Handler;
  /** A flush is due (tx_waiting). */
  private waiting = false;
  private timerVersion = 0;

  constructor(sim: Simulation, books: Accounting, device: UserspaceDevice, parts: UserspaceVirtioNetParts) {
    this.sim = sim;
    this.device = device;
    this.parts = parts;
    const { stages, costs } = parts.loop.monitor;
    this.io = new TapIo(books, parts.packets, parts.network, stages.wait, stages.transmit);
    this.virtqueue = books.costs.cost(costs.virtqueue);
    this.wake = books.costs.cost('wake.waker');
    this.flushSource = parts.loop.source((cpu) => this.flushDue(cpu));
    this.expire = sim.handler((armed) => {
      if (armed === this.timerVersion) this.flushSource.raise();
    }, 'qemu tx timer');
  }

  /** handle_tx_bh, handle_tx_timer: by the main loop, or by the vCPU thread that kicks without an ioeventfd. */
  *handleOutput(cpu: Context): Access {
    const { tx, transmit, loop } = this.parts;
    if (this.device.broken) return;
    if (!loop.monitor.deferred) {
      yield* this.drain(cpu);
      return;
    }
    if (this.waiting) {
      if (transmit.tx === 'bh') return;
      // More came before the timer: no use in waiting for it.
      this.timerVersion++;
      yield* this.flushDue(cpu);
      return;
    }
    this.waiting = true;
    tx.suppressKicks();
    if (transmit.tx === 'timer') this.arm();
    else if (this.flushSource.raise()) {
      // qemu_bh_schedule from another thread than the loop's own wakes it.
      cpu.charge(this.wake);
      yield RUN;
    }
  }

  /** A monitor that serves the queue at once does so until it is empty, and is kicked for what comes then. */
  private *drain(cpu: Context): Access {
    const { device, parts } = this;
    let sent = 0;
    do sent += yield* this.flush(cpu, Number.POSITIVE_INFINITY);
    while (!device.broken && parts.tx.allowKicks());
    yield* device.settle(cpu, parts.tx, sent);
  }

  private arm(): void {
    this.sim.after(this.parts.transmit.timer, this.expire, ++this.timerVersion);
  }

  /** virtio_net_tx_bh, virtio_net_tx_timer. */
  private *flushDue(cpu: Context): Access {
    const { tx, transmit } = this.parts;
    this.waiting = false;
    if ((yield* this.flush(cpu)) < transmit.burst) {
      tx.allowKicks();
      if ((yield* this.flush(cpu)) === 0) return;
      tx.suppressKicks();
    }
    this.waiting = true;
    if (transmit.tx === 'timer') this.arm();
    else this.flushSource.raise();
  }

  /** virtio_net_flush_tx: each packet is written to the tap, used, and decided about by itself. */
  private *flush(cpu: Context, burst = this.parts.transmit.burst): Access<number> {
    const { device, parts, io } = this;
    const { tx } = parts;
    let sent = 0;
    for (; sent < burst; sent++) {
      const head = device.pop(tx);
      if (head === BROKEN) yield* device.fail(cpu, tx, 'tx');
      if (head < 0) break;
      const packet = takeFrame(tx, parts.memory, parts.packets);
      io.serve(cpu, packet);
      parts.iommu?.translate(cpu, parts.memory.page(tx.address[0]));
      cpu.charge(this.virtqueue);
      device.chargeRing(cpu, tx);
      const paid = io.chargeSend(cpu, packet);
      yield RUN;
      const backlog = io.send(cpu, packet, paid);
      if (backlog !== null) yield cpu.call(backlog);
      yield* device.use(cpu, tx, head, 0);
    }
    return sent;
  }
}
