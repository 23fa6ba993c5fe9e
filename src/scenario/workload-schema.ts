/** What a VM's applications do. */
import { z } from 'zod';
import { RW } from '../models/guest/applications/io-pattern.ts';
import type { Picoseconds } from '../units.ts';
import { rate, size, time } from './text/quantity-schemas.ts';

const vm = z.string().describe('the VM that the workload runs in');
const frame = size({ positive: true }).describe(
  'without FCS: a frame of 60 B to 1514 B (shorter ones are padded), or a TCP packet of up to 64 KiB, which is cut into frames by the NIC (TSO) or before it (GSO) and merged again where it is received (GRO); one of which a frame is lost is lost',
);
const sizes = z.union([
  frame,
  z
    .array(z.strictObject({ size: frame, weight: z.number().min(0).max(1e9) }))
    .min(1)
    .describe('each size with its weight'),
]);

const openLoop = z
  .strictObject({
    kind: z.literal('open-loop'),
    vm,
    direction: z.enum(['transmit', 'receive']),
    arrivals: z.enum(['poisson', 'periodic']).default('poisson'),
    rate: rate({ least: '0.01 /s', most: '1 G/s' }),
    size: sizes.prefault('60 B'),
    batch: z
      .strictObject({
        size: z.int().min(1).max(64).describe('packets sent together with one doorbell'),
        flush: time({ positive: true, most: '100 s' }).describe(
          'a batch not full after so long is sent as it is',
        ),
      })
      .describe('teaching: transmit in fixed batches')
      .optional(),
  })
  .describe('packets at the times of an arrival process; latency counts from the intended start');

const requestResponse = z
  .strictObject({
    kind: z.literal('request-response'),
    vm,
    request: frame.prefault('60 B'),
    response: frame.prefault('60 B'),
    service: time({ most: '100 s' }).describe('service time of the remote peer').prefault('0 us'),
    serviceVariation: z
      .enum(['fixed', 'exponential'])
      .describe('distribution of the service time')
      .default('fixed'),
    think: time({ most: '100 s' }).describe('pause between a response and the next request').prefault('0 us'),
    connections: z.int().min(1).max(256).describe('clients, each with one request outstanding').default(1),
  })
  .describe('a client in the VM, a server at the other end of the wire');

const stream = z
  .strictObject({
    kind: z.literal('stream'),
    vm,
    size: sizes.prefault('1514 B'),
    sendBuffer: size({ positive: true })
      .describe('net.core.wmem: skb memory in flight before the sender blocks')
      .prefault('212992 B'),
  })
  .describe('sends as fast as its send buffer lets it');

const fio = z
  .strictObject({
    kind: z.literal('fio'),
    vm,
    rw: z.enum(RW).describe('what it does: read, write, or both; in order, or at random (rand…)').optional(),
    bs: size({ positive: true, most: '512 KiB' }).describe('bytes of each I/O').prefault('4 KiB'),
    iodepth: z.int().min(1).max(65_536).describe('I/Os that each job keeps under way').default(1),
    numjobs: z.int().min(1).max(256).describe('jobs that do the same').default(1),
    ioengine: z
      .enum(['libaio', 'io_uring', 'psync'])
      .describe(
        'libaio and io_uring ask for completions by a system call of its own; psync sleeps in its only one',
      )
      .default('libaio'),
    rwmixread: z.number().min(0).max(100).describe('of rw and randrw: percentage of reads').default(50),
    rate_iops: rate({ least: '0.01 /s', most: '1 G/s' })
      .describe(
        'I/Os that each job starts, as far as its depth allows; latency counts from the intended start',
      )
      .optional(),
    rate_process: z
      .enum(['linear', 'poisson'])
      .describe('of rate_iops: at equal gaps or at random')
      .default('linear'),
    hipri: z
      .boolean()
      .describe('looks for completions itself; needs poll_queues of its datapath')
      .default(false),
    prioclass: z
      .int()
      .min(0)
      .max(3)
      .describe(
        'class of ioprio: 1, real-time; 0, 2 and 3 are taken for one; heard by x-prio-hint and mq-deadline alone',
      )
      .default(0),
    runtime: time({ positive: true, most: '100 s' })
      .describe('starts nothing after so long from the start of the trial; goes on for ever where not given')
      .optional(),
    ramp_time: time({ most: '100 s' })
      .describe(
        'the warm-up of the trial, of all its workloads, is at least so long; runtime begins behind it',
      )
      .prefault('0 s'),
    read_iolog: z
      .string()
      .min(1)
      .describe(
        'a log that fio wrote (write_iolog), its text: what it did is done again, and at its end from the beginning; rw, bs, size and offset have no say then',
      )
      .optional(),
    replay_no_stall: z
      .boolean()
      .describe('of read_iolog: as fast as the depth allows, instead of at the times of the log')
      .default(false),
    replay_time_scale: z
      .int()
      .min(1)
      .max(10_000)
      .describe('of read_iolog: percentage of the speed of the log; 50 is half as fast')
      .default(100),
    iodepth_batch_submit: z
      .int()
      .min(1)
      .max(65_536)
      .describe('I/Os that are submitted with one system call')
      .default(1),
    iodepth_batch_complete_min: z
      .int()
      .min(1)
      .max(65_536)
      .describe('completions that are waited for when the queue is full')
      .default(1),
    cpus_allowed: z
      .array(z.int().min(0).max(255))
      .min(1)
      .describe(
        'vCPUs, from 0, that its jobs run on in turn (cpus_allowed_policy=split); from the first on where not given',
      )
      .optional(),
    offset: size().describe('where its part of the device begins').prefault('0 B'),
    size: size({ positive: true }).describe('length of its part; up to the end where not given').optional(),
  })
  .refine(({ ioengine, iodepth }) => ioengine !== 'psync' || iodepth === 1, {
    path: ['iodepth'],
    message: 'psync has one I/O under way; take libaio or io_uring for more',
  })
  .refine(({ rw, read_iolog }) => (rw === undefined) !== (read_iolog === undefined), {
    path: ['rw'],
    message: `needed: one of ${RW.join(', ')}; or a log, read_iolog, in its place`,
  })
  .refine(({ rate_iops, read_iolog }) => rate_iops === undefined || read_iolog === undefined, {
    path: ['rate_iops'],
    message: 'a log has times of its own; see replay_time_scale',
  })
  .describe('jobs of fio, by its own names, on the disk of the VM (direct=1, a raw device)');

export const workloadSchema = z.discriminatedUnion('kind', [openLoop, requestResponse, stream, fio]);

export type Workload = z.output<typeof workloadSchema>;
export type FioWorkload = Extract<Workload, { kind: 'fio' }>;
export type NetworkWorkload = Exclude<Workload, FioWorkload>;

/** The longest `ramp_time` of all jobs, ps. */
export const rampTime = ({ workloads }: { workloads: Readonly<Record<string, Workload>> }): Picoseconds =>
  Math.max(
    0,
    ...Object.values(workloads).map((each) => (each.kind === 'fio' ? each.ramp_time : 0)),
  ) as Picoseconds;
