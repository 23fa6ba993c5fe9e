/**
 * vhost's own IOTLB (drivers/vhost/vhost.c, VHOST_F_IOTLB_MSG): a page that it does not know is asked of QEMU, whose main
 * loop looks it up in the guest's table and sends an update; QEMU also tells it what the guest has unmapped.
 * Simplification: the worker waits for the answer, where the kernel would serve its other queue.
 */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import { type Context, type Program, RUN, WAIT } from '../hardware/context.ts';
import type { Page } from '../hardware/iommu-domain.ts';
import type { Access } from '../hardware/register-port.ts';
import { TranslationCache } from '../hardware/translation-cache.ts';
import type { Source } from './event-loop.ts';
import type { GuestIommu, Notifier } from './guest-iommu.ts';
import type { MainLoop } from './main-loop.ts';

/** Module parameter max_iotlb_entries. */
const IOTLB_ENTRIES = 2048;

export class VhostIotlb implements Notifier {
  private readonly loop: MainLoop;
  private readonly iommu: GuestIommu;
  private readonly cache = new TranslationCache(IOTLB_ENTRIES);
  private readonly known = this.cache.domain();
  private readonly miss: Cost;
  private readonly update: Cost;
  private readonly wake: Cost;
  private readonly message: Source;
  private asked: Page | null = null;
  private worker: Context | null = null;

  constructor({ costs }: Accounting, loop: MainLoop, iommu: GuestIommu) {
    this.loop = loop;
    this.iommu = iommu;
    this.miss = costs.cost('vhost.iotlbMiss');
    this.update = costs.cost('vhost.iotlbUpdate');
    this.wake = costs.cost('wake.waker');
    this.message = loop.source((cpu) => this.answer(cpu));
    iommu.notify(this);
  }

  /** Has `pages` looked up, one by one, by the worker that needs them. */
  *find(cpu: Context, pages: readonly Page[]): Access {
    for (const page of pages) {
      if (this.cache.has(this.known, page)) continue;
      cpu.charge(this.miss);
      if (this.loop.asleep) cpu.charge(this.wake);
      yield RUN;
      this.asked = page;
      this.worker = cpu;
      this.message.raise();
      while (this.asked !== null) yield WAIT;
    }
  }

  /** QEMU's main loop: reads the message, looks the page up, writes the update. */
  private *answer(cpu: Context): Access {
    const { asked, worker } = this;
    if (asked === null || worker === null) return;
    this.iommu.translate(cpu, asked);
    cpu.charge(this.update);
    if (worker.waiting) cpu.charge(this.wake);
    yield RUN;
    if (!this.cache.has(this.known, asked)) this.cache.add(this.known, asked);
    this.asked = null;
    worker.signal();
  }

  *changed(cpu: Context, page: Page, present: boolean): Program {
    if (present || !this.cache.has(this.known, page)) return;
    cpu.charge(this.update);
    yield RUN;
    this.cache.drop(this.known, page);
  }

  *flushed(cpu: Context): Program {
    cpu.charge(this.update);
    yield RUN;
    this.cache.flush(this.known);
  }
}
