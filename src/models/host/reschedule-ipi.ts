/**
 * How a vCPU that wakes a task of another one, which is halted, reaches it: a write to the interrupt command register, an exit that KVM
 * handles alone, and at the other end an interrupt whose handler lets the task run. A vCPU that runs or polls sees its flag instead.
 *
 * Simplifications: the interrupt is sent when the exit is over, and hardware that delivers it without an exit (IPI virtualisation) is
 * not modelled. The task becomes runnable in the handler.
 */
import type { Counter } from '../../accounting/counters.ts';
import type { Handler } from '../../kernel/simulation.ts';
import type { Picoseconds } from '../../units.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import { Fifo } from '../hardware/fifo.ts';
import { EXIT_KERNEL } from '../hardware/mode.ts';
import type { InterruptLine, Processor } from '../hardware/processor.ts';
import type { Exits } from './exits.ts';
import type { VCpuCosts } from './vcpu-parts.ts';

/** A vCPU that is reached so, or reaches others. */
type Reached = Processor & { readonly asleep: boolean; readonly exits: Exits };

export class RescheduleIpi {
  private readonly vcpu: Reached;
  private readonly costs: VCpuCosts;
  private readonly sent: Counter;
  private readonly woken = new Fifo<Context>();
  private readonly expected = new Set<Context>();
  private readonly line: InterruptLine;
  private readonly arrive: Handler;

  constructor(vcpu: Reached, costs: VCpuCosts) {
    this.vcpu = vcpu;
    this.costs = costs;
    this.sent = vcpu.books.counters.counter('exits.other', 'ipi', vcpu.vm);
    this.line = vcpu.localInterrupt('reschedule', (line) => this.handler(line));
    this.arrive = vcpu.sim.handler(() => this.line.raise(), `${vcpu.name} reschedule`);
  }

  /** Charges `by`, a program of another vCPU. */
  send(task: Context, by: Context): void {
    if (task.pending || this.expected.has(task)) return;
    const { vcpu, costs } = this;
    const { exitMsr, wakeWaker } = costs;
    this.expected.add(task);
    this.woken.push(task);
    const asleep = vcpu.asleep;
    // What was completed is done: this holds up nobody.
    by.serveNobody();
    (by.level as Reached).exits.handled(by, exitMsr, this.sent);
    if (asleep) {
      const { mode } = by;
      by.mode = EXIT_KERNEL;
      by.charge(wakeWaker);
      by.mode = mode;
    }
    vcpu.sim.after((exitMsr.price + (asleep ? wakeWaker.price : 0)) as Picoseconds, this.arrive);
  }

  private *handler({ enter, leave }: InterruptLine): Program {
    const { woken, expected } = this;
    for (;;) {
      yield WAIT;
      enter();
      leave();
      yield RUN;
      for (let task = woken.shift(); task !== null; task = woken.shift()) {
        expected.delete(task);
        task.signal();
      }
    }
  }
}
