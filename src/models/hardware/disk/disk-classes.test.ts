/** The named classes against the figures of such devices: closed loops of random 4 KiB I/Os, as fio would run them on the raw device. */
import { describe, expect, test } from 'vitest';
import { Accounting } from '../../../accounting/accounting.ts';
import { CostTable } from '../../../accounting/cost.ts';
import { streams } from '../../../kernel/random.ts';
import { Simulation } from '../../../kernel/simulation.ts';
import { ms, type Picoseconds } from '../../../units.ts';
import { BlockIo } from './block-io.ts';
import { NOBODY } from './disk.test-support.ts';
import { DISK_CLASSES, type DiskSettings, diskOf } from './disk-classes.ts';

interface Loop {
  readonly depth: number;
  /** Share of reads. */
  readonly reads: number;
  readonly settle?: number;
  readonly measure: number;
}

/** @returns rate in thousands a second, and latencies in us of reads, or of writes where there are no reads. */
const loop = (settings: DiskSettings, { depth, reads, settle = 0, measure }: Loop) => {
  const sim = new Simulation({ maxEvents: 60e6 });
  const books = new Accounting(new CostTable(new Map(), () => streams(1, 0).stream('price')));
  const random = streams(1, 0);
  const disk = diskOf(sim, books, settings, (variate) => random.stream(variate));
  const choose = random.stream('choose');
  const latencies: number[] = [];
  let count = 0;
  const watched = reads > 0 ? 'read' : 'write';
  for (let i = 0; i < depth; i++) {
    const io = new BlockIo(NOBODY);
    io.size = 4096;
    let since: Picoseconds;
    const issue = (): void => {
      since = sim.now;
      io.operation = choose.bernoulli(reads) ? 'read' : 'write';
      io.offset = choose.integer(Math.floor(disk.capacity / 4096)) * 4096;
      disk.submit(io, queue);
    };
    const queue = {
      completed: () => {
        if (sim.now >= ms(settle)) {
          count++;
          if (io.operation === watched) latencies.push((sim.now - since) / 1e6);
        }
        issue();
      },
    };
    issue();
  }
  sim.run(ms(settle + measure));
  latencies.sort((a, b) => a - b);
  const at = (p: number): number => latencies[Math.floor(p * (latencies.length - 1))];
  return {
    rate: count / measure,
    mean: latencies.reduce((sum, each) => sum + each, 0) / latencies.length,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
  };
};

/** Rate (k/s), mean, p50, p99, p99.9 (us); null: not stated. */
type Expected = readonly [number, number, number, number, number | null];

const classes: readonly (readonly [string, DiskSettings, Loop, Expected])[] = [
  [
    'sata-ssd read 1',
    DISK_CLASSES['sata-ssd'],
    { depth: 1, reads: 1, measure: 3000 },
    [9.9, 101.5, 100.8, 125, 135],
  ],
  [
    'sata-ssd read 16',
    DISK_CLASSES['sata-ssd'],
    { depth: 16, reads: 1, measure: 1000 },
    [98, 163, 156, 270, 332],
  ],
  [
    'sata-ssd read 32',
    DISK_CLASSES['sata-ssd'],
    { depth: 32, reads: 1, measure: 1000 },
    [98, 326, 319, 435, 501],
  ],
  [
    'sata-ssd write 1, fresh',
    DISK_CLASSES['sata-ssd'],
    { depth: 1, reads: 0, measure: 100 },
    [25, 40.1, 40, 40, null],
  ],
  [
    'sata-ssd write 32, sustained',
    DISK_CLASSES['sata-ssd'],
    { depth: 32, reads: 0, settle: 1000, measure: 4000 },
    [35, 914, 40, 4522, 5080],
  ],
  [
    'nvme-tlc read 1',
    DISK_CLASSES['nvme-tlc'],
    { depth: 1, reads: 1, measure: 3000 },
    [12.9, 77.4, 76.9, 97, 105],
  ],
  [
    'nvme-tlc read 16',
    DISK_CLASSES['nvme-tlc'],
    { depth: 16, reads: 1, measure: 1000 },
    [189, 84.4, 79, 159, 209],
  ],
  [
    'nvme-tlc read 64',
    DISK_CLASSES['nvme-tlc'],
    { depth: 64, reads: 1, measure: 500 },
    [549, 116, 94, 315, 430],
  ],
  [
    'nvme-tlc read 256',
    DISK_CLASSES['nvme-tlc'],
    { depth: 256, reads: 1, measure: 500 },
    [623, 409, 386, 651, 795],
  ],
  [
    'nvme-tlc write 1, fresh',
    DISK_CLASSES['nvme-tlc'],
    { depth: 1, reads: 0, measure: 100 },
    [77.1, 13, 13, 13, null],
  ],
  [
    'nvme-tlc write 32, sustained',
    DISK_CLASSES['nvme-tlc'],
    { depth: 32, reads: 0, settle: 500, measure: 1000 },
    [274, 117, 13, 1103, 1315],
  ],
  [
    'nvme-tlc 70/30 at 16, collecting garbage',
    DISK_CLASSES['nvme-tlc'],
    { depth: 16, reads: 0.7, settle: 1000, measure: 1000 },
    [192, 114, 82, 369, 545],
  ],
  [
    'nvme-tlc 70/30 at 16, no garbage',
    { ...DISK_CLASSES['nvme-tlc'], writeAmplification: 1 },
    { depth: 16, reads: 0.7, settle: 1000, measure: 1000 },
    [228, 95, 80, 307, 465],
  ],
  ['optane read 1', DISK_CLASSES.optane, { depth: 1, reads: 1, measure: 500 }, [112, 8.9, 8.9, 9.5, 9.8]],
  ['optane read 4', DISK_CLASSES.optane, { depth: 4, reads: 1, measure: 300 }, [441, 9.1, 9, 10.6, 11.5]],
  ['optane read 16', DISK_CLASSES.optane, { depth: 16, reads: 1, measure: 300 }, [588, 27.2, 27.2, 29, 30]],
  [
    'hdd-7200 1',
    DISK_CLASSES['hdd-7200'],
    { depth: 1, reads: 1, measure: 300_000 },
    [0.087, 11_530, 11_570, 19_130, null],
  ],
];

describe('a closed loop of random 4 KiB I/Os', () => {
  // Within 5 % in rate, mean and median, 10 % at p99, 15 % at p99.9: what such a model promises of a real device.
  test.each(classes)('%s', (_, settings, each, [rate, mean, p50, p99, p999]) => {
    const found = loop(settings, each);
    const off = (value: number, expected: number): number => Math.abs(value / expected - 1);
    expect(off(found.rate, rate), `rate ${found.rate}`).toBeLessThanOrEqual(0.05);
    expect(off(found.mean, mean), `mean ${found.mean}`).toBeLessThanOrEqual(0.05);
    expect(off(found.p50, p50), `p50 ${found.p50}`).toBeLessThanOrEqual(0.05);
    expect(off(found.p99, p99), `p99 ${found.p99}`).toBeLessThanOrEqual(0.1);
    if (p999 !== null) expect(off(found.p999, p999), `p99.9 ${found.p999}`).toBeLessThanOrEqual(0.15);
  });
});
