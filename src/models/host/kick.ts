/**
 * A virtqueue's notify address: an exit that KVM turns into an eventfd signal, paid by the vCPU that kicks. A modern
 * device is kicked through memory, one with the legacy interface through a port, which nobody needs to decode.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counter } from '../../accounting/counters.ts';
import type { Context, Program } from '../hardware/context.ts';
import type { Space } from '../hardware/pci/pci-function.ts';
import type { Doorbell } from '../linux/net-device.ts';
import type { Exit } from './exits.ts';
import type { VCpu } from './vcpu.ts';

/** Whoever is woken by the eventfd. */
export interface Kicked {
  /** Its thread sleeps: the waker pays for the wake-up. */
  readonly asleep: boolean;
  kick(): void;
  /** Teaching (`inlineBackend`): the backend's work is done by the kicker, inside the exit. */
  inline?(cpu: Context): Program;
}

export class Kick implements Doorbell {
  private readonly vcpu: VCpu;
  private readonly accesses: Counter;
  private readonly backend: Kicked;
  private readonly exitCost: Cost;
  private readonly decode: Cost;
  private readonly wake: Cost;
  private readonly kicks: Counter;
  private readonly decoded: boolean;
  private exit: Exit | null = null;

  /**
   * @param fastMmio the kick is recognised by address alone (Intel); otherwise the instruction is decoded.
   * @param space where the notify address is.
   */
  constructor(
    books: Accounting,
    vcpu: VCpu,
    queue: string,
    backend: Kicked,
    fastMmio: boolean,
    space: Space = 'memory',
  ) {
    this.vcpu = vcpu;
    this.accesses = vcpu.exits.accesses(`notify ${queue}`);
    this.backend = backend;
    this.decoded = space === 'memory' && !fastMmio;
    this.exitCost = books.costs.cost(space === 'memory' ? 'exit.kick' : 'exit.pio');
    this.decode = books.costs.cost('exit.decode');
    this.wake = books.costs.cost('wake.waker');
    this.kicks = books.counters.counter('kicks', queue, vcpu.vm);
  }

  leave(cpu: Context): void {
    this.kicks.value++;
    this.accesses.value++;
    // A backend that is awake may take the packet while this kick is still on its way: the exit holds up nobody.
    if (!this.backend.asleep && this.backend.inline === undefined) cpu.serveNobody();
    this.exit = this.vcpu.exits.leave(cpu, this.exitCost);
    if (this.decoded) cpu.charge(this.decode);
    if (this.backend.asleep) cpu.charge(this.wake);
  }

  act(cpu: Context): Program | null {
    if (this.backend.inline !== undefined) return this.backend.inline(cpu);
    this.backend.kick();
    return null;
  }

  enter(cpu: Context): void {
    this.vcpu.exits.enter(cpu, this.exit as Exit);
  }
}
