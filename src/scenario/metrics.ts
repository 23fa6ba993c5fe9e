/** The metrics of every run, by the names used everywhere. */

export interface Metric {
  readonly name: string;
  readonly unit: string;
  readonly meaning: string;
  /** Statistic meant where the metric is named alone. */
  readonly whole: string;
}

const metric = (name: string, unit: string, meaning: string, whole = 'mean'): Metric => ({
  name,
  unit,
  meaning,
  whole,
});

export const METRICS: readonly Metric[] = [
  metric('latency', 'ns', 'from the intended start to completion: mean stddev p50 p90 p99 p99.9 p99.99 max'),
  metric('jitter.ipdv', 'ns', 'difference of consecutive latencies (RFC 3393): mean stddev'),
  metric('jitter.rfc3550', 'ns', 'smoothed interarrival jitter (RFC 3550)', 'last'),
  metric('jitter.p99-p50', 'ns', 'distance of two percentiles', 'value'),
  metric('throughput.requests', '1/s', 'requests completed', 'rate'),
  metric('throughput.bits', 'bit/s', 'bits of the requests completed', 'rate'),
  metric('drops', '1/s', 'requests dropped, by place and reason', 'rate'),
  metric(
    'exits.device',
    '1/request',
    'register accesses and kicks: VM exits under KVM, by register or queue',
  ),
  metric('exits.other', '1/request', 'other VM exits: halt, timer, EOI, external interrupt'),
  metric('kicks', '1/request', 'virtqueue notifications of the guest, by queue'),
  metric('interrupts.raised', '1/request', 'interrupt messages of the device, by vector'),
  metric('interrupts.taken', '1/request', 'device interrupts that the guest handled, by vector'),
  metric('wakeups', '1/request', 'host threads woken, by thread'),
  metric('migrations', '1/s', 'host threads moved to another core, by thread'),
  metric(
    'device.errors',
    'errors',
    'broken rules of a ring that stopped a device, by queue and fault',
    'count',
  ),
  metric(
    'binding',
    'drivers',
    'cards of a VM that a driver of its guest took, by place and vendor:device',
    'count',
  ),
  metric('features', 'features', 'virtio features offered: 1 negotiated, 0 not, by name', 'count'),
  metric('setup', 'accesses', 'accesses that finding and setting up the cards took, by kind', 'count'),
  metric('iotlb.hits', '1/request', 'DMA addresses that the IOTLB knew, by NIC function'),
  metric('iotlb.misses', '1/request', 'DMA addresses that took a page walk, by NIC function'),
  metric('atc.hits', '1/request', 'DMA addresses that the device itself knew (ATS), by NIC function'),
  metric('dma.faults', 'accesses', 'DMA that the IOMMU refused, by NIC function', 'count'),
  metric('cycles', 'cycles/request', 'core cycles of guest and host together, by payer'),
  metric('cycles.vcpu', 'cycles/request', 'core cycles of one VM’s vCPU: guest work and exits'),
  metric('stage', 'ns', 'time per request in a stage of its life, by stage'),
  metric(
    'order.violations',
    'writes',
    'writes that reached the disk after a later one of the same job (QEMU sorts what it merges)',
    'count',
  ),
  metric('frames', '1/request', 'frames on the wire of the machine under test: tx, rx'),
  metric('virtqueue', '1/request', 'buffers that QEMU popped and flushed: pop, flush'),
  metric('stalls', '1/request', 'occurrences of a cost that drew a stall'),
  metric(
    'occurrences',
    '1/request',
    'occurrences of a named cost, by cost: in costs.csv, for `expect:` and `reference:`',
  ),
  metric('cpu', 'cores', 'utilisation, by core and by thread'),
  metric('utilisation', '1', 'share of time in which a shared device was taken: wires, PCIe, IOMMU'),
  metric(
    'bottleneck',
    '1',
    'share of time in which the busiest resource was taken, if at least 0.95, by resource',
  ),
  metric('batch', 'packets', 'packets per batch: mean max'),
  metric('occupancy', 'packets', 'packets found in a ring on arrival: mean max'),
];

/** Splits `latency.p99` into metric and statistic; null where there is no such metric. */
export const splitMetric = (text: string): { metric: Metric; statistic: string } | null => {
  const [found] = METRICS.filter(({ name }) => text === name || text.startsWith(`${name}.`)).sort(
    (a, b) => b.name.length - a.name.length,
  );
  if (found === undefined) return null;
  const statistic = text.slice(found.name.length + 1);
  return { metric: found, statistic: statistic === '' ? found.whole : statistic };
};
