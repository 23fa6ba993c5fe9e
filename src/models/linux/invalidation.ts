/** How a kernel tells its IOMMU, a real one or QEMU's, that a translation is no more (drivers/iommu/intel/dmar.c, qi_submit_sync). */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Context, type Program, RUN } from '../hardware/context.ts';
import type { Iommu } from '../hardware/iommu.ts';
import type { IommuDomain, Page } from '../hardware/iommu-domain.ts';
import { IRQ_OFF, inExit } from '../hardware/mode.ts';
import type { RegisterPort } from '../hardware/register-port.ts';

/** Programs that end when the invalidation is done; what was charged before is paid first. */
export interface Invalidation {
  /** New mappings are announced, too. */
  readonly ofMappings: boolean;
  /** Of one page, unmapped or, where those are announced, mapped. */
  page(cpu: Context, domain: IommuDomain, page: Page): Program;
  /** Of one page that was unmapped, when `all` comes. @returns what must be done at once nevertheless, or null. */
  later(cpu: Context, page: Page): Program | null;
  /** Of all pages of a domain. */
  all(cpu: Context, domain: IommuDomain): Program;
}

/**
 * The queue of a real IOMMU: the CPU writes a descriptor and spins with interrupts off until the hardware, which does
 * one after the other, has done it. With ATS the devices are told next, and are waited for in the same way.
 */
export class InvalidationQueue implements Invalidation {
  readonly ofMappings = false;
  private readonly sim: Simulation;
  private readonly iommu: Iommu;
  private readonly queued: Cost;
  private readonly ofPage: Cost;
  private readonly ofDomain: Cost;
  private readonly ofDevice: Cost;

  constructor(sim: Simulation, { costs }: Accounting, iommu: Iommu) {
    this.sim = sim;
    this.iommu = iommu;
    this.queued = costs.cost('iommu.queue');
    this.ofPage = costs.cost('iommu.invalidate');
    this.ofDomain = costs.cost('iommu.flush');
    this.ofDevice = costs.cost('iommu.invalidateDevice');
  }

  *page(cpu: Context, domain: IommuDomain, page: Page): Program {
    yield* this.submit(cpu, domain, this.ofPage);
    this.iommu.forget(domain, page);
  }

  later(): null {
    return null;
  }

  *all(cpu: Context, domain: IommuDomain): Program {
    yield* this.submit(cpu, domain, this.ofDomain);
    this.iommu.forgetAll(domain);
  }

  private *submit(cpu: Context, { deviceCaches }: IommuDomain, cost: Cost): Program {
    yield* this.wait(cpu, cost);
    for (let left = deviceCaches.length; left > 0; left--) yield* this.wait(cpu, this.ofDevice);
  }

  private *wait(cpu: Context, cost: Cost): Program {
    yield RUN;
    const { now } = this.sim;
    const price = cost.draw === null ? cost.price : cost.draw();
    const start = this.iommu.invalidations.reserve(now, price);
    const outer = cpu.mode;
    if (!inExit(outer)) cpu.mode = IRQ_OFF;
    if (start > now) cpu.spend(this.queued, start - now, 1);
    cpu.spend(cost, price, 1);
    cpu.mode = outer;
    yield RUN;
  }
}

/** A request in the invalidation queue: a page, or ALL pages of the domain. */
export const ALL = -1;

/**
 * The queue of an IOMMU that QEMU emulates (intel-iommu). Writing its tail register leaves the guest; when it is back,
 * all is done: the status word in memory is found written, and no other register is read.
 */
export class EmulatedInvalidation implements Invalidation {
  /** VT-d caching mode. */
  readonly ofMappings: boolean;
  /** The queue in memory. */
  private readonly queue: Page[];
  private readonly registers: RegisterPort;

  constructor(queue: Page[], registers: RegisterPort, cachingMode: boolean) {
    this.ofMappings = cachingMode;
    this.queue = queue;
    this.registers = registers;
  }

  page(cpu: Context, _domain: IommuDomain, page: Page): Program {
    return this.submit(cpu, page);
  }

  later(): null {
    return null;
  }

  all(cpu: Context): Program {
    return this.submit(cpu, ALL);
  }

  private *submit(cpu: Context, request: Page): Program {
    yield RUN;
    this.queue.push(request);
    yield* this.registers.write(cpu, 'IQT_REG', this.queue.length);
  }
}
