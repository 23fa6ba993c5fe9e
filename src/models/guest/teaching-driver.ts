/**
 * A network driver with one mechanism at a time, for formulas: either each completion interrupts by itself after a
 * delay of its own, or a poller looks at fixed times.
 */
import type { Cost } from '../../accounting/cost.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { NicFunction } from '../hardware/nic-function.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { Doorbell, NetDevice, Stack } from '../linux/net-device.ts';

export interface TeachingParts {
  readonly function: NicFunction;
  readonly packets: Packets;
  readonly completion: 'interrupt' | 'poll';
  /** From the start of one check to the start of the next. */
  readonly pollPeriod: Picoseconds;
}

export class TeachingDriver implements NetDevice {
  readonly stopped = false;
  readonly doorbell: Doorbell;
  readonly tso = true;
  private readonly parts: TeachingParts;
  private readonly unannounced: Packet[] = [];
  private readonly sent: Packet[] = [];
  private stack!: Stack;

  /** @param cpu the processor that takes the interrupts or polls; applications run elsewhere. */
  constructor(cpu: Processor, parts: TeachingParts) {
    this.parts = parts;
    const { costs, timeline } = cpu.books;
    const { function: fn } = parts;
    this.doorbell = {
      leave: () => {},
      act: () => {
        for (const packet of this.unannounced.splice(0)) fn.transmit(packet);
        return null;
      },
      enter: () => {},
    };
    fn.post(fn.settings.rxRing);
    const waiting = timeline.waiting(`wait: ${parts.completion}`);
    if (parts.completion === 'poll') {
      const check = costs.cost('poll.check');
      const poller = cpu.task('poller', (context) => this.poll(cpu, context, check, waiting.id));
      poller.signal();
    } else this.interruptPerCompletion(cpu, waiting.id);
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  prepare(): void {
    // Nothing: the teaching driver has no cost of its own.
  }

  publish(_cpu: Context, packet: Packet, more: boolean): boolean {
    this.unannounced.push(packet);
    this.sent.push(packet);
    return !more;
  }

  private *poll(cpu: Processor, context: Context, check: Cost, waiting: number): Program {
    yield WAIT;
    const timer = cpu.timer(context);
    for (let start = cpu.sim.now; ; start = (start + this.parts.pollPeriod) as Picoseconds) {
      if (start > cpu.sim.now) {
        timer.arm(start);
        do yield WAIT;
        while (start > cpu.sim.now);
      }
      this.clean();
      const { received } = this.parts.function;
      for (let packet = received.shift(); packet >= 0; packet = received.shift()) {
        this.hand(cpu, packet, waiting);
      }
      context.charge(check);
      yield RUN;
    }
  }

  /** Each completion is delayed by a draw of its own and handled by an interrupt of its own: nothing merges. */
  private interruptPerCompletion(cpu: Processor, waiting: number): void {
    const { function: fn } = this.parts;
    const delay = cpu.books.costs.cost('interrupt.latency');
    const handling = cpu.books.costs.cost('irq.entry');
    const { received } = fn;
    const taken = cpu.books.counters.counter('interrupts.taken', fn.name, fn.vm);
    let unhandled = 0;
    const line = cpu.interrupt(fn.name, function* ({ context }): Program {
      yield WAIT;
      for (;;) {
        for (; unhandled > 0; unhandled--) {
          context.charge(handling);
          yield RUN;
        }
        yield WAIT;
      }
    });
    const arrived = cpu.sim.handler((packet) => {
      taken.value++;
      this.clean();
      this.hand(cpu, packet, waiting);
      unhandled++;
      line.raise();
    }, 'completion interrupt');
    fn.interrupt.connect(() => {
      fn.vector.unmask(false, false);
      this.clean();
      for (let packet = received.shift(); packet >= 0; packet = received.shift()) {
        const after = delay.draw === null ? delay.price : delay.draw();
        cpu.sim.after(after, arrived, packet);
      }
    });
  }

  private hand(cpu: Processor, packet: Packet, waiting: number): void {
    const request = this.parts.packets.request[packet];
    if (request >= 0) cpu.books.timeline.mark(request, waiting, cpu.sim.now);
    this.parts.function.post(1);
    this.stack.received(packet);
  }

  private clean(): void {
    const { function: fn, packets } = this.parts;
    for (const packet of this.sent.splice(0, fn.transmitted)) {
      this.stack.freed(packet);
      packets.release(packet);
    }
    fn.transmitted = 0;
  }
}
