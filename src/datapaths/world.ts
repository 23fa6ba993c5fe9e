/** Everything one trial is made of: clock, books, cores, NIC, peer; datapaths add VMs and backends to it. */
import { Accounting } from '../accounting/accounting.ts';
import { CostTable, type Price } from '../accounting/cost.ts';
import { streams } from '../kernel/random.ts';
import { Simulation } from '../kernel/simulation.ts';
import type { GuestSystem } from '../models/guest/bind-drivers.ts';
import type { Context, Program } from '../models/hardware/context.ts';
import { Core } from '../models/hardware/core.ts';
import type { IdleState } from '../models/hardware/idle-states.ts';
import type { Moderation } from '../models/hardware/moderation.ts';
import { Nic, type NicSettings } from '../models/hardware/nic.ts';
import { Packets } from '../models/hardware/packets.ts';
import { RemotePeer } from '../models/hardware/remote-peer.ts';
import { TaskThread } from '../models/hardware/thread.ts';
import { Turn } from '../models/hardware/turn.ts';
import { FairScheduler, type FairSchedulerSettings } from '../models/host/fair-scheduler.ts';
import type { HaltPollTunables } from '../models/host/halt-poll.ts';
import { HostNetwork } from '../models/host/host-network.ts';
import { VCpu } from '../models/host/vcpu.ts';
import { DmaMapping, type IommuMode } from '../models/linux/dma-mapping.ts';
import { NicDriver } from '../models/linux/nic-driver.ts';
import { type Hertz, ms, type Picoseconds } from '../units.ts';

/** A machine with everything resolved: prices in ps, defaults filled in. */
export interface Machine {
  readonly clock: Hertz;
  readonly cores: number;
  readonly prices: ReadonlyMap<string, Price>;
  readonly idleStates: readonly IdleState[];
  readonly nic: NicSettings;
  readonly nicRings: { readonly tx: number; readonly rx: number };
  readonly moderation: Moderation;
  readonly iommu: IommuMode;
  readonly scheduler: FairSchedulerSettings;
  readonly haltPoll: HaltPollTunables;
  readonly haltPollGrid: Picoseconds;
  readonly apicv: boolean;
  readonly pvEoi: boolean;
  /** The IOMMU posts interrupts of assigned devices straight to vCPUs (VT-d PI). */
  readonly postedInterrupts: boolean;
  /** Kicks are recognised without decoding the instruction. */
  readonly fastMmio: boolean;
  /** The guest stops its tick in idle. */
  readonly tickStop: boolean;
  readonly exitOutShare: number;
  /** Core that takes the host NIC's interrupts. */
  readonly irqCore: number;
}

/** A VM as the scenario describes it. */
export interface Vm {
  readonly name: string;
  /** Cores that each vCPU may run on. */
  readonly vcpus: readonly (readonly number[])[];
  /** Cores that the backend threads (vhost worker, QEMU main loop) may run on. */
  readonly backend: readonly number[];
  /** What it boots; a current Linux with all drivers where not given. */
  readonly guest?: GuestSystem;
}

/** The guest's own scheduler, whatever the host's is: a task's turn while others wait (EEVDF since Linux 6.15). */
const GUEST_SLICE = ms(2.8);

export class World {
  readonly sim: Simulation;
  readonly machine: Machine;
  readonly books: Accounting;
  readonly packets = new Packets();
  readonly cores: readonly Core[];
  readonly nic: Nic;
  readonly peer: RemotePeer;
  readonly random: ReturnType<typeof streams>;
  readonly scheduler: FairScheduler;
  private network: HostNetwork | null = null;

  constructor(machine: Machine, run: { seed: number; replication: number; maxEvents: number }) {
    this.machine = machine;
    this.sim = new Simulation({ maxEvents: run.maxEvents });
    this.random = streams(run.seed, run.replication);
    const table = new CostTable(machine.prices, (name) => this.random.stream(name));
    this.books = new Accounting(table);
    const { sim, books } = this;
    this.scheduler = new FairScheduler(sim, machine.scheduler, books.counters, table.cost('host.migration'));
    const costs = {
      contextSwitch: table.cost('host.contextSwitch'),
      irqEntry: table.cost('host.irqEntry'),
      timerProgram: table.cost('host.timerProgram'),
      timerInterrupt: table.cost('host.timerInterrupt'),
    };
    const turn = new Turn();
    const parts = { scheduler: this.scheduler, costs, idleStates: machine.idleStates, turn };
    this.cores = Array.from({ length: machine.cores }, (_, id) => new Core(sim, books, id, parts));
    for (const core of this.cores) this.scheduler.add(core);
    if (machine.cores > 1) this.scheduler.startBalancing();
    this.nic = new Nic(sim, books, this.packets, machine.nic);
    this.peer = new RemotePeer(sim, books, this.packets, this.nic);
  }

  /** Stage names are the same on every datapath, so that charts line up. */
  get hostNetwork(): HostNetwork {
    if (this.network !== null) return this.network;
    const { books, machine, packets } = this;
    const cpu = this.cores[machine.irqCore];
    const driver = new NicDriver(cpu, {
      function: this.addFunction('host nic', ''),
      packets,
      dma: new DmaMapping(cpu, machine.iommu),
      stackRx: books.costs.cost('host.stackRx'),
      stageRx: books.timeline.working('host: receive'),
    });
    driver.function.interrupt.connect(() => driver.line.raise());
    this.network = new HostNetwork(cpu, packets, driver);
    return this.network;
  }

  /** A function of the NIC: the physical one, or a VF. */
  addFunction(name: string, vm: string, translated = this.machine.iommu !== 'passthrough') {
    const { nicRings, moderation } = this.machine;
    return this.nic.addFunction(name, vm, {
      txRing: nicRings.tx,
      rxRing: nicRings.rx,
      moderation,
      translated,
    });
  }

  /** vCPU `index` of `vm`, started on its first allowed core. */
  vcpu(vm: Vm, index = 0): VCpu {
    const { sim, books, machine } = this;
    const cost = (name: string) => books.costs.cost(name);
    const affinity = vm.vcpus[index];
    const vcpu = new VCpu(
      sim,
      books,
      { vm: vm.name, index, placement: { affinity } },
      {
        costs: {
          exitLight: cost('exit.light'),
          exitMsr: cost('exit.msr'),
          exitEoi: cost('exit.eoi'),
          postedDelivery: cost('interrupt.postedDelivery'),
          injection: cost('interrupt.injection'),
          pollution: cost('exit.pollution'),
          irqEntry: cost('irq.entry'),
          taskSwitch: cost('task.switch'),
          idleEnter: cost('idle.enter'),
          haltPoll: cost('halt.poll'),
        },
        features: {
          apicv: machine.apicv,
          pvEoi: machine.pvEoi,
          tickStop: machine.tickStop,
          exitOutShare: machine.exitOutShare,
          taskSlice: GUEST_SLICE,
          haltPoll: machine.haltPoll,
          haltPollGrid: machine.haltPollGrid,
        },
      },
    );
    vcpu.start(this.cores[affinity[0]]);
    return vcpu;
  }

  /** A thread of the host with its program. */
  hostThread(name: string, affinity: readonly number[], program: (cpu: Context) => Program): Context {
    return this.cores[affinity[0]].host(new TaskThread(name, { affinity }), name, program);
  }
}
