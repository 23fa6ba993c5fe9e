/**
 * A vhost-user port of a polling switch (lib/vhost of DPDK): bursts of 32 each way, one used update and one decision
 * about an interrupt a burst. Frames for a guest without buffers are dropped, after some tries.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Counters, Tally } from '../../accounting/counters.ts';
import type { Stage } from '../../accounting/stages.ts';
import type { Timeline } from '../../accounting/timeline.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import { countError } from '../virtio/device-error.ts';
import { BROKEN, type DeviceQueue } from '../virtio/device-queue.ts';
import type { GuestMemory } from '../virtio/guest-memory.ts';
import { takeFrame } from './guest-frame.ts';
import type { Interrupt } from './interrupt-path.ts';
import { BURST, type PolledQueue } from './pmd.ts';
import type { PmdNic, PmdPort } from './pmd-nic.ts';
import { RingCosts } from './ring-costs.ts';

/** Further tries after one that took a part of a burst (VHOST_ENQ_RETRY_DEF of Open vSwitch). */
const RETRIES = 8;

export interface VhostUserParts {
  readonly vm: string;
  readonly tx: DeviceQueue;
  readonly rx: DeviceQueue;
  readonly memory: GuestMemory;
  readonly packets: Packets;
  readonly nic: PmdNic;
  readonly txInterrupt: Interrupt;
  readonly rxInterrupt: Interrupt;
}

interface Costs {
  readonly tx: Cost;
  readonly rx: Cost;
  readonly copy: Cost;
  readonly copyPerByte: Cost;
}

export class VhostUser implements PolledQueue, PmdPort {
  private readonly sim: Simulation;
  private readonly timeline: Timeline;
  private readonly counters: Counters;
  private readonly parts: VhostUserParts;
  private readonly ring: RingCosts;
  private readonly costs: Costs;
  private readonly stageTx: Stage;
  private readonly stageRx: Stage;
  private readonly wait: Stage;
  private readonly batches: Tally;
  /** The transmit ring was found broken, and nothing was offered since. */
  private stuck = false;

  constructor(sim: Simulation, books: Accounting, parts: VhostUserParts) {
    const { costs, timeline, counters } = books;
    this.sim = sim;
    this.timeline = timeline;
    this.counters = counters;
    this.parts = parts;
    this.ring = new RingCosts(books);
    this.costs = {
      tx: costs.cost('vhostUser.tx'),
      rx: costs.cost('vhostUser.rx'),
      copy: costs.cost('copy.setup'),
      copyPerByte: costs.cost('copy.perByte'),
    };
    this.stageTx = timeline.working('vhost-user: transmit');
    this.stageRx = timeline.working('vhost-user: receive');
    this.wait = timeline.waiting('wait: PMD');
    this.batches = counters.tally('batch', 'vhost-user tx', parts.vm);
    // It polls: nobody need kick it (VHOST_USER: rte_vhost_enable_guest_notification(…, 0)).
    parts.tx.suppressKicks();
    parts.rx.suppressKicks();
  }

  get ready(): boolean {
    return !this.stuck && this.parts.tx.availableNow;
  }

  /** The guest offered buffers to transmit. */
  offered(): void {
    this.stuck = false;
  }

  *serve(cpu: Context): Program {
    const { parts } = this;
    const { tx, memory, packets } = parts;
    const heads: number[] = [];
    const frames: Packet[] = [];
    while (frames.length < BURST) {
      const head = tx.pop();
      if (head === BROKEN) {
        this.stuck = true;
        countError(this.counters, parts.vm, 'vhost-user tx', tx.fault);
      }
      if (head < 0) break;
      const frame = takeFrame(tx, memory, packets);
      cpu.serve(packets.request[frame], this.stageTx, this.wait);
      cpu.charge(this.costs.tx);
      this.chargeCopy(cpu, frame);
      heads.push(head);
      frames.push(frame);
    }
    cpu.serveNobody();
    this.chargeRing(cpu, tx);
    yield RUN;
    if (frames.length === 0) return;
    this.batches.add(frames.length);
    for (const head of heads) tx.push(head, 0);
    tx.flush();
    if (tx.shouldSignal()) yield cpu.call(this.interrupt(cpu, tx, parts.txInterrupt));
    yield cpu.call(parts.nic.transmit(cpu, frames));
  }

  *enqueue(cpu: Context, burst: readonly Packet[]): Program {
    const { rx, memory, packets, rxInterrupt } = this.parts;
    let sent = 0;
    for (let tries = 0; tries <= RETRIES && sent < burst.length; tries++) {
      const heads: number[] = [];
      const addresses: number[] = [];
      while (sent + heads.length < burst.length) {
        const head = rx.pop();
        if (head === BROKEN) countError(this.counters, this.parts.vm, 'vhost-user rx', rx.fault);
        if (head < 0) break;
        const packet = burst[sent + heads.length];
        cpu.serve(packets.request[packet], this.stageRx, this.wait);
        cpu.charge(this.costs.rx);
        this.chargeCopy(cpu, packet);
        heads.push(head);
        addresses.push(rx.address[rx.readable]);
      }
      cpu.serveNobody();
      this.chargeRing(cpu, rx);
      if (heads.length === 0) break;
      yield RUN;
      heads.forEach((head, i) => {
        const packet = burst[sent + i];
        memory.write(addresses[i], packet);
        rx.push(head, packets.size[packet]);
      });
      sent += heads.length;
      rx.flush();
      if (rx.shouldSignal()) yield cpu.call(this.interrupt(cpu, rx, rxInterrupt));
    }
    for (const packet of burst.slice(sent)) this.drop(packet);
  }

  private *interrupt(cpu: Context, queue: DeviceQueue, path: Interrupt): Program {
    this.chargeRing(cpu, queue);
    path.charge(cpu);
    yield RUN;
    path.raise();
  }

  private chargeCopy(cpu: Context, packet: Packet): void {
    cpu.charge(this.costs.copy);
    cpu.charge(this.costs.copyPerByte, this.parts.packets.size[packet]);
  }

  /** What it took to read the ring since the last call. */
  private chargeRing(cpu: Context, queue: DeviceQueue): void {
    this.ring.charge(cpu, queue);
  }

  private drop(packet: Packet): void {
    const { packets, vm } = this.parts;
    const request = packets.request[packet];
    if (request >= 0) this.timeline.drop(request, this.sim.now, `vhost-user ${vm}: no receive buffer`);
    packets.release(packet);
  }
}
