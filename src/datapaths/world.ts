/** Everything one trial is made of: clock, books, cores, NIC, peer; datapaths add VMs and backends to it. */
import { Accounting } from '../accounting/accounting.ts';
import { CostTable } from '../accounting/cost.ts';
import { streams } from '../kernel/random.ts';
import { Simulation } from '../kernel/simulation.ts';
import type { GuestSystem } from '../models/guest/bind-drivers.ts';
import type { Context, Program } from '../models/hardware/context.ts';
import { Core } from '../models/hardware/core.ts';
import type { DiskStation } from '../models/hardware/disk/disk.ts';
import { diskOf } from '../models/hardware/disk/disk-classes.ts';
import { DiskPort } from '../models/hardware/disk/disk-port.ts';
import { Iommu } from '../models/hardware/iommu.ts';
import type { IommuDomain, PageSize } from '../models/hardware/iommu-domain.ts';
import { Nic } from '../models/hardware/nic.ts';
import { Packets } from '../models/hardware/packets.ts';
import type { Processor } from '../models/hardware/processor.ts';
import { RemotePeer } from '../models/hardware/remote-peer.ts';
import { TaskThread, type Thread } from '../models/hardware/thread.ts';
import { Turn } from '../models/hardware/turn.ts';
import { FairScheduler } from '../models/host/fair-scheduler.ts';
import { HostNetwork } from '../models/host/host-network.ts';
import { VCpu } from '../models/host/vcpu.ts';
import type { BlockQueueSettings } from '../models/linux/block/block-queue.ts';
import { HOST_BLOCK } from '../models/linux/block/block-stages.ts';
import { BouncePool } from '../models/linux/block/bounce-buffers.ts';
import { IoMappings } from '../models/linux/block/io-mappings.ts';
import { NativeDisk } from '../models/linux/block/native-disk.ts';
import { DmaMapping, type DmaSpace } from '../models/linux/dma-mapping.ts';
import type { HaltpollTunables } from '../models/linux/haltpoll-governor.ts';
import { InvalidationQueue } from '../models/linux/invalidation.ts';
import { NicDriver } from '../models/linux/nic-driver.ts';
import { ms } from '../units.ts';
import type { Machine } from './machine.ts';

/** A VM as the scenario describes it. */
export interface Vm {
  readonly name: string;
  /** Cores that each vCPU may run on. */
  readonly vcpus: readonly (readonly number[])[];
  /** Cores that the backend threads (vhost worker, QEMU main loop) may run on. */
  readonly backend: readonly number[];
  /** What it boots; a current Linux with all drivers where not given. */
  readonly guest?: GuestSystem & { readonly haltpoll?: HaltpollTunables | undefined };
  /** Pages that the host backs its memory with, and so the IOMMU maps it with; 2 MiB where not given. */
  readonly pageSize?: PageSize;
  /** How its block layer is set (of bare metal, that above the disk); Linux's own without a scheduler where not given. */
  readonly disk?: BlockQueueSettings | undefined;
  /** Slots of 2 KiB of its bounce buffers (swiotlb=…,force), for all that its disk reads and writes; absent: it uses none. */
  readonly swiotlb?: number | undefined;
  /** In front of its devices; absent: none. */
  readonly viommu?: GuestIommuSettings;
}

/** QEMU's intel-iommu. */
export interface IntelIommuSettings {
  readonly device: 'intel-iommu';
  /** Property `caching-mode`: the guest announces what it maps, too, and Linux forces strict mode. */
  readonly cachingMode: boolean;
  /** `iommu.strict=1` on the guest kernel's command line. */
  readonly strict: boolean;
}

/** QEMU's virtio-iommu-pci: the guest asks for what it maps and unmaps. */
export interface VirtioIommuSettings {
  readonly device: 'virtio-iommu';
  /** As of intel-iommu; before Linux 6.8 always so. */
  readonly strict: boolean;
}

/** An IOMMU that the guest sees. */
export type GuestIommuSettings = IntelIommuSettings | VirtioIommuSettings;

/** 4 GiB of guest memory. */
const GUEST_PAGES = 2 ** 20;

/** The guest's own scheduler, whatever the host's is: a task's turn while others wait (EEVDF since Linux 6.15). */
const GUEST_SLICE = ms(2.8);

export class World {
  readonly sim: Simulation;
  readonly machine: Machine;
  readonly books: Accounting;
  readonly packets = new Packets();
  readonly cores: readonly Core[];
  readonly iommu: Iommu;
  readonly invalidations: InvalidationQueue;
  readonly nic: Nic;
  readonly peer: RemotePeer;
  readonly random: ReturnType<typeof streams>;
  readonly scheduler: FairScheduler;
  private network: HostNetwork | null = null;
  private port: DiskPort | null = null;
  private native: NativeDisk | null = null;
  private readonly pools = new Map<string, BouncePool>();
  /** Stations that datapaths add. */
  readonly others: DiskStation[] = [];

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
    const { iotlb, ats, nic } = machine;
    this.iommu = new Iommu({
      ...iotlb,
      deviceEntries: ats ? iotlb.deviceEntries : 0,
      request: nic.dmaRead,
    });
    this.invalidations = new InvalidationQueue(sim, books, this.iommu);
    this.nic = new Nic(sim, books, this.packets, nic, this.iommu);
    this.peer = new RemotePeer(sim, books, this.packets, this.nic);
  }

  /** Stage names are the same on every datapath, so that charts line up. */
  get hostNetwork(): HostNetwork {
    if (this.network !== null) return this.network;
    const { books, machine, packets } = this;
    const cpu = this.cores[machine.irqCore];
    const space = this.hostSpace();
    const driver = new NicDriver(cpu, {
      function: this.addFunction('host nic', '', space?.domain ?? null),
      packets,
      dma: new DmaMapping(cpu, machine.iommu, space),
      stackRx: books.costs.cost('host.stackRx'),
      stageRx: books.timeline.working('host: receive'),
    });
    driver.function.interrupt.connect(() => driver.line.raise());
    this.network = new HostNetwork(cpu, packets, driver);
    return this.network;
  }

  /** The machine's disk. */
  get diskPort(): DiskPort {
    const { sim, books, machine, random } = this;
    this.port ??= new DiskPort(
      books,
      diskOf(sim, books, machine.disk, (variate) => random.stream(variate)),
    );
    return this.port;
  }

  /** The same with the host's driver, for backends above it. */
  get hostDisk(): NativeDisk {
    this.native ??= new NativeDisk(this.cores, this.diskPort, HOST_BLOCK, (core) => this.diskDma(core));
    return this.native;
  }

  /**
   * What the host's driver maps buffers of its disk with on `core`; undefined in passthrough, and for null_blk, which has no device.
   * Simplification: a domain for each queue, where all share one.
   */
  diskDma(core: Processor): IoMappings | undefined {
    if (this.diskPort.disk.virtual) return undefined;
    const space = this.hostSpace();
    return space === null ? undefined : new IoMappings(new DmaMapping(core, this.machine.iommu, space));
  }

  /** The bounce buffers of a VM: all its queues take from the same. @param slots of 2 KiB. */
  bouncePool(vm: string, slots: number): BouncePool {
    const pool = this.pools.get(vm) ?? new BouncePool(this.books, vm, slots);
    this.pools.set(vm, pool);
    return pool;
  }

  /** What is shared by all that uses it: of the NIC and of the disk, as far as there is anybody who does. */
  get stations(): readonly DiskStation[] {
    return [...(this.nic.used ? this.nic.stations : []), ...(this.port?.disk.stations ?? []), ...this.others];
  }

  /** What a driver on bare metal maps its buffers into: a domain of its own, or null in passthrough. */
  hostSpace(): DmaSpace | null {
    if (this.machine.iommu === 'passthrough') return null;
    return { domain: this.iommu.domain('4 KiB'), invalidation: this.invalidations };
  }

  /** A guest's memory as vfio maps it without a vIOMMU: all of it, once. */
  guestDomain({ pageSize = '2 MiB' }: Vm): IommuDomain {
    return this.iommu.domain(pageSize, GUEST_PAGES);
  }

  /** A function of the NIC: the physical one, or a VF. @param domain what it may reach; null: untranslated. */
  addFunction(name: string, vm: string, domain: IommuDomain | null) {
    const { nicRings, moderation } = this.machine;
    const { counters } = this.books;
    return this.nic.addFunction(name, vm, {
      txRing: nicRings.tx,
      rxRing: nicRings.rx,
      moderation,
      dma: domain === null ? null : this.iommu.requester(counters, name, vm, domain),
    });
  }

  /** vCPU `index` of `vm`, started on its first allowed core. */
  vcpu(vm: Vm, index = 0): VCpu {
    const { sim, books, machine } = this;
    const cost = (name: string) => books.costs.cost(name);
    const affinity = vm.vcpus[index];
    // A guest that polls switches KVM's polling off for its vCPUs (MSR_KVM_POLL_CONTROL).
    const haltpoll = vm.guest?.haltpoll;
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
          wakeWaker: cost('wake.waker'),
          haltPoll: cost('halt.poll'),
          idlePoll: cost('idle.poll'),
        },
        features: {
          apicv: machine.apicv,
          pvEoi: machine.pvEoi,
          tickStop: machine.tickStop,
          exitOutShare: machine.exitOutShare,
          taskSlice: GUEST_SLICE,
          haltPoll: haltpoll === undefined ? machine.haltPoll : { ...machine.haltPoll, halt_poll_ns: 0 },
          haltpoll,
          haltPollGrid: machine.haltPollGrid,
        },
      },
    );
    vcpu.start(this.cores[affinity[0]]);
    return vcpu;
  }

  /** A thread of the host with its program. */
  hostThread(
    name: string,
    affinity: readonly number[],
    program: (cpu: Context, thread: Thread) => Program,
  ): Context {
    const thread = new TaskThread(name, { affinity });
    return this.cores[affinity[0]].host(thread, name, (cpu) => program(cpu, thread));
  }
}
