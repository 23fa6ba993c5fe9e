/**
 * QEMU's way from a tap to an emulated NIC (net/tap.c, net/queue.c): the main loop reads until the tap is empty, at most 50
 * frames a callback; one that the device has no descriptor for waits in front of it, and the tap is left alone until the guest brings some.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Stage } from '../../accounting/stages.ts';
import { type Context, RUN } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Access } from '../hardware/register-port.ts';
import type { Source } from './event-loop.ts';
import type { MainLoop } from './main-loop.ts';
import { TAP_BURST } from './monitor.ts';
import type { Tap } from './tap.ts';
import type { TapIo } from './tap-io.ts';

/** QEMU's queue in front of the device is empty. */
const NONE = -1;

/** What receives: an emulated NIC. */
export interface ReceivingDevice {
  /** can_receive: false makes frames wait. */
  readonly canReceive: boolean;
  /** Charges what the emulation costs, with the copy into the guest's buffer. */
  chargeReceive(cpu: Context, packet: Packet): void;
  /** That is done: status and interrupt. */
  received(cpu: Context, packet: Packet): Access;
}

export interface TapReaderParts {
  readonly packets: Packets;
  readonly tap: Tap;
  readonly loop: MainLoop;
  readonly io: TapIo;
}

export class TapReader {
  private readonly parts: TapReaderParts;
  private readonly device: ReceivingDevice;
  private readonly stage: Stage;
  private readonly wait: Stage;
  private readonly waitDescriptors: Stage;
  private readonly wake: Cost;
  private readonly readable: Source;
  /** Read from the tap when no descriptor was left; while it waits here the tap is not read. */
  private queued: Packet = NONE;

  constructor({ costs, timeline }: Accounting, parts: TapReaderParts, device: ReceivingDevice) {
    this.parts = parts;
    this.device = device;
    this.stage = timeline.working('qemu: receive');
    this.wait = timeline.waiting('wait: QEMU main loop, receive');
    this.waitDescriptors = timeline.waiting('wait: receive descriptors');
    this.wake = costs.cost('wake.waker');
    this.readable = parts.loop.source((cpu) => this.tapSend(cpu));
    parts.tap.attach(() => this.readable.raise());
  }

  private *tapSend(cpu: Context): Access {
    const { tap, packets, io } = this.parts;
    // Frames that came before the tap was left alone may have raised the source once more.
    if (this.queued !== NONE || tap.queue.length === 0) return;
    for (let read = 0; read < TAP_BURST; read++) {
      if (tap.queue.length === 0) {
        io.chargeEmptyRead(cpu);
        yield RUN;
        break;
      }
      const packet = tap.queue.shift();
      cpu.serve(packets.request[packet], this.stage, this.wait);
      io.chargeRead(cpu, packet);
      if (!this.device.canReceive) {
        // tap_send reads before it asks: this frame waits in QEMU, the others in the tap.
        tap.detach();
        cpu.serveNobody();
        yield RUN;
        this.queued = packet;
        return;
      }
      yield* this.deliver(cpu, packet);
    }
    if (tap.queue.length > 0) this.readable.raise();
  }

  /** The charges serve `packet` already. */
  private *deliver(cpu: Context, packet: Packet): Access {
    this.device.chargeReceive(cpu, packet);
    cpu.serveNobody();
    yield RUN;
    yield* this.device.received(cpu, packet);
  }

  /**
   * qemu_flush_queued_packets: the thread that brought descriptors delivers the frame, inside that exit, and then wakes
   * the main loop, which reads the tap again. Simplification: QEMU wakes it where nothing was queued, too.
   */
  *flush(cpu: Context): Access {
    const { packets, loop, tap } = this.parts;
    const { queued } = this;
    if (queued === NONE || !this.device.canReceive) return;
    this.queued = NONE;
    cpu.serve(packets.request[queued], this.stage, this.waitDescriptors);
    yield* this.deliver(cpu, queued);
    if (loop.asleep) cpu.charge(this.wake);
    yield RUN;
    tap.attach(() => this.readable.raise());
    this.readable.raise();
  }
}
