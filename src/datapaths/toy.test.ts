/**
 * A datapath in one file, to show what it takes: a guest that hands each frame to the host by a hypercall and works
 * off everything else in its interrupt handler. It keeps the same contract as the registered ones.
 *
 *   guest vCPU                    │ device
 *   driver ─► ring ─hypercall─────┼─► VF ─► wire
 *   handler ◄─interrupt───────────┼── VF ◄─ wire
 */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Cost } from '../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../models/hardware/context.ts';
import type { NicFunction } from '../models/hardware/nic-function.ts';
import type { Packet } from '../models/hardware/packets.ts';
import type { InterruptLine } from '../models/hardware/processor.ts';
import type { Exit } from '../models/host/exits.ts';
import type { VCpu } from '../models/host/vcpu.ts';
import type { Doorbell, NetDevice, Stack } from '../models/linux/net-device.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { us } from '../units.ts';
import { contract } from './contract.test-support.ts';
import { defineDatapath } from './datapath.ts';
import { Trial } from './trial.test-support.ts';
import type { World } from './world.ts';

class HypercallDevice implements NetDevice {
  stopped = false;
  readonly tso = true;
  readonly doorbell: Doorbell;
  private readonly world: World;
  private readonly fn: NicFunction;
  private readonly ring: number;
  private readonly work: Cost;
  private readonly ringed: Packet[] = [];
  private readonly unsent: Packet[] = [];
  private stack!: Stack;

  constructor(world: World, vcpu: VCpu, fn: NicFunction, ring: number) {
    const { costs } = world.books;
    this.world = world;
    this.fn = fn;
    this.ring = ring;
    this.work = costs.cost('nicDriver.tx');
    let exit: Exit;
    this.doorbell = {
      leave: (cpu) => {
        exit = vcpu.exits.leave(cpu, costs.cost('exit.light'));
      },
      act: () => {
        for (const packet of this.unsent.splice(0)) fn.transmit(packet);
        return null;
      },
      enter: (cpu) => vcpu.exits.enter(cpu, exit),
    };
    const line = vcpu.interrupt(fn.name, (handler) => this.interrupted(handler));
    fn.interrupt.connect(() => line.raise());
    fn.post(fn.settings.rxRing);
  }

  attach(stack: Stack): void {
    this.stack = stack;
  }

  prepare(cpu: Context): void {
    cpu.charge(this.work);
  }

  publish(_cpu: Context, packet: Packet): boolean {
    this.ringed.push(packet);
    this.unsent.push(packet);
    this.stopped = this.ringed.length === this.ring;
    return true;
  }

  private *interrupted(line: InterruptLine): Program {
    for (;;) {
      yield WAIT;
      line.enter();
      line.context.charge(this.work);
      line.leave();
      yield RUN;
      this.free();
      this.take();
      this.fn.vector.unmask(false, false);
    }
  }

  private free(): void {
    const { fn, world, stack } = this;
    for (; fn.transmitted > 0; fn.transmitted--) {
      const packet = this.ringed.shift() as Packet;
      stack.freed(packet);
      world.packets.release(packet);
    }
    if (!this.stopped || this.ringed.length === this.ring) return;
    this.stopped = false;
    stack.restarted();
  }

  private take(): void {
    const { fn, world, stack } = this;
    const stage = world.books.timeline.waiting('wait: toy interrupt').id;
    while (fn.received.length > 0) {
      const packet = fn.received.shift();
      const request = world.packets.request[packet];
      if (request >= 0) world.books.timeline.mark(request, stage, world.sim.now);
      fn.post(1);
      stack.received(packet);
    }
  }
}

const toy = defineDatapath({
  kind: 'toy',
  summary: 'A hypercall for each frame, an interrupt for whatever comes back.',
  params: z.strictObject({ ring: z.int().positive().default(32) }),

  build(world, vm, { ring }) {
    const vcpu = world.vcpu(vm);
    const fn = world.addFunction(`${vm.name} toy`, vm.name, null);
    const device = new HypercallDevice(world, vcpu, fn, ring);
    return { processor: vcpu, device, route: (flow) => world.nic.route(flow, fn) };
  },
});

describe('a toy datapath keeps the contract', () => {
  contract(toy, { machine: machine('server-3ghz') });

  describe('with a ring of one', () =>
    contract(toy, { machine: machine('server-3ghz'), params: { ring: 1 } }));

  describe('on the textbook machine', () => {
    contract(toy, { machine: machine('textbook', { costs: { 'app.work': us(1) } }) });
  });
});

describe('the contract notices', () => {
  /** A stream through the toy with one thing done wrong to its device. */
  const ran = (spoil: (device: NetDevice, world: World) => void): Trial => {
    const broken = defineDatapath({
      ...toy,
      build: (world, vm, params) => {
        const attachment = toy.build(world, vm, params);
        spoil(attachment.device, world);
        return attachment;
      },
    });
    const loads = [{ kind: 'stream', rate: 1, size: 60 }] as const;
    return new Trial({ machine: machine('server-3ghz'), datapath: broken, loads }).run('drained');
  };

  test('a packet that is lost on the way to the ring', () => {
    let packets = 0;
    const { records } = ran((device) => {
      const { publish } = device;
      device.publish = (cpu, packet, more) => packets++ !== 100 && publish.call(device, cpu, packet, more);
    });
    expect(records[0].inFlight).toBe(1);
  });

  test('a packet that is not given back', () => {
    const { world } = ran((device, { packets }) => {
      const { publish } = device;
      device.publish = (cpu, packet, more) => publish.call(device, cpu, packets.copy(packet), more);
    });
    expect(world.packets.alive).toBeGreaterThan(0);
  });

  test('packets that overtake each other', () => {
    const { overtaken } = ran((device) => {
      const { publish } = device;
      const held: Packet[] = [];
      device.publish = (cpu, packet, more) => {
        held.push(packet);
        if (held.length < 2) return false;
        for (const each of held.splice(0).reverse()) publish.call(device, cpu, each, more);
        return true;
      };
    });
    expect(overtaken.length).toBeGreaterThan(0);
  });
});
