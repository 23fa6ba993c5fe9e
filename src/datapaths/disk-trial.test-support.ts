/** One VM with its disk under fio jobs that end, so that every I/O can be followed to its end. */
import type { WorkloadRecord } from '../accounting/workload-record.ts';
import { FioJob } from '../models/guest/applications/fio-job.ts';
import { IoPattern, type PatternSettings } from '../models/guest/applications/io-pattern.ts';
import { periodic, poisson } from '../models/guest/arrivals.ts';
import { interval, ms, type Picoseconds, perSecond } from '../units.ts';
import { fingerprintOf, gapsOf, misspentOf } from './books.test-support.ts';
import type { DiskAttachment, DiskDatapath } from './disk-datapath.ts';
import type { Machine } from './machine.ts';
import { type GuestIommuSettings, type Vm, World } from './world.ts';

export interface Job {
  readonly rw: PatternSettings['rw'];
  readonly bs: number;
  readonly iodepth: number;
  readonly batch: number;
  readonly complete: number;
  readonly synchronous?: boolean;
  /** Per second; as fast as the depth allows where not given. */
  readonly rate?: number | undefined;
  readonly paced?: boolean;
  /** Of the real-time class; every other job is where not given. */
  readonly interactive?: boolean;
}

export interface DiskTrialSetup {
  readonly machine: Machine;
  readonly datapath: DiskDatapath;
  readonly params?: unknown;
  readonly viommu?: GuestIommuSettings | undefined;
  readonly disk?: Vm['disk'];
  readonly swiotlb?: number | undefined;
  readonly jobs: readonly Job[];
  readonly seed?: number;
  readonly cores?: readonly [vcpu: number, backend: number];
  /** vCPUs, on cores from the first on; 1 where not given. */
  readonly vcpus?: number | undefined;
  /** When jobs stop. */
  readonly stop?: Picoseconds;
  /** Time after that for what is still under way. */
  readonly drain?: Picoseconds;
}

export class DiskTrial {
  readonly world: World;
  readonly attachment: DiskAttachment;
  readonly records: WorkloadRecord[] = [];
  readonly stop: Picoseconds;
  private readonly end: Picoseconds;

  constructor({
    machine,
    datapath,
    params = {},
    jobs,
    seed = 1,
    cores = [0, 1],
    vcpus = 1,
    viommu,
    disk,
    swiotlb,
    stop = ms(2),
    drain = ms(20_000),
  }: DiskTrialSetup) {
    this.stop = stop;
    this.end = (stop + drain) as Picoseconds;
    this.world = new World(machine, { seed, replication: 0, maxEvents: 20e6 });
    const vm = {
      name: 'vm',
      vcpus: Array.from({ length: vcpus }, (_, i) => [cores[0] + i]),
      backend: [cores[1]],
      ...(viommu && { viommu }),
      ...(disk && { disk }),
      swiotlb,
    };
    this.attachment = datapath.build(this.world, vm, datapath.params.parse(params));
    jobs.forEach((job, i) => {
      this.add(i, job);
    });
  }

  private add(
    index: number,
    {
      iodepth,
      batch,
      complete,
      rate,
      paced,
      synchronous = false,
      interactive = index % 2 === 0,
      ...pattern
    }: Job,
  ): void {
    const { books, random } = this.world;
    const record = books.timeline.workload(`job ${index}`);
    record.startMeasuring(this.world.sim.now);
    this.records.push(record);
    const { capacity, cpus } = this.attachment;
    const settings = { ...pattern, rwmixread: 70, offset: 0, size: capacity };
    const stream = (name: string) => random.stream(`job ${index} ${name}`);
    const arrivals = rate === undefined ? null : interval(perSecond(rate));
    const { processor, placed, queue, pollQueue } = cpus[index % cpus.length];
    const hipri = pollQueue !== undefined && index % 2 === 0;
    new FioJob(
      processor,
      {
        record,
        queue: hipri ? pollQueue : queue,
        placed,
        source: new IoPattern(settings, stream('offset'), stream('direction')),
        producer: index,
      },
      {
        iodepth,
        iodepth_batch_submit: batch,
        iodepth_batch_complete_min: complete,
        synchronous,
        hipri,
        interactive,
        until: this.stop,
        arrivals: arrivals === null ? null : (paced ? periodic : poisson)(stream('arrivals'), arrivals),
      },
    );
  }

  /** To when jobs stop, or to the end of all that they started. */
  run(to: 'stopped' | 'drained'): this {
    const { sim, cores } = this.world;
    sim.run(to === 'stopped' ? this.stop : this.end);
    for (const core of cores) core.settleBooks();
    return this;
  }

  get gaps(): number[] {
    return Object.values(gapsOf(this.world));
  }

  get misspent(): string[] {
    return misspentOf(this.world);
  }

  get fingerprint(): string {
    return fingerprintOf(this.world, this.records);
  }
}
