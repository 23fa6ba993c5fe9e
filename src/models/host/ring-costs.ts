/** What it takes a backend to read its side of a ring: lines fetched from the driver's cache, and descriptors beyond the first. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Cost } from '../../accounting/cost.ts';
import type { Context } from '../hardware/context.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';

export class RingCosts {
  private readonly line: Cost;
  private readonly descriptor: Cost;

  constructor({ costs }: Accounting) {
    this.line = costs.cost('ring.line');
    this.descriptor = costs.cost('ring.descriptor');
  }

  /** For all that was read since the last call. */
  charge(cpu: Context, queue: DeviceQueue): void {
    const lines = queue.takeLines();
    if (lines > 0) cpu.charge(this.line, lines);
    const descriptors = queue.takeDescriptors();
    if (descriptors > 0) cpu.charge(this.descriptor, descriptors);
  }
}
