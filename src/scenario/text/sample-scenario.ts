/** A small scenario schema and a file that fits it, for the tests of this folder. */
import { z } from 'zod';
import { bitRate, count, cycles, frequency, rate, share, size, time } from './quantity-schemas.ts';

const openLoop = z.strictObject({
  kind: z.literal('open-loop'),
  vm: z.string(),
  arrivals: z.enum(['poisson', 'periodic']).prefault('poisson'),
  rate: rate({ positive: true }),
  size: size(),
});
const requestResponse = z.strictObject({
  kind: z.literal('request-response'),
  vm: z.string(),
  request: size().describe('Bytes asked for.'),
  response: size(),
  thinkTime: time().prefault('0 ps'),
});
const range = z.strictObject({
  from: z.unknown(),
  to: z.unknown(),
  steps: z.int().positive(),
  scale: z.enum(['log', 'linear']),
});

export const sample = z.strictObject({
  title: z.string().min(1),
  machine: z.strictObject({ clock: frequency(), link: bitRate(), costs: z.record(z.string(), cycles()) }),
  vms: z.record(
    z.string().regex(/^[a-z]/, { error: 'start with a small letter' }),
    z.strictObject({
      vcpus: z.int().positive().max(64),
      pin: z.array(z.int().nonnegative()).optional(),
      net: z.strictObject({ queues: z.int().prefault(1) }).optional(),
    }),
  ),
  workloads: z.record(z.string(), z.discriminatedUnion('kind', [openLoop, requestResponse])),
  datapaths: z.array(
    z.union([
      z.enum(['native', 'virtio-net', 'sriov']),
      z.strictObject({ kind: z.literal('virtio-net'), ringSize: z.int() }),
    ]),
  ),
  sweep: z.record(z.string(), z.union([z.array(z.unknown()), range])).optional(),
  run: z.strictObject({
    measure: time({ positive: true }),
    warmUp: z.union([z.literal('auto'), time()]).prefault('auto'),
    precision: share().optional(),
    maxEvents: count().prefault('500 M'),
    seed: z.int().prefault(1),
  }),
});

export const sampleYaml = `title: Two tenants on one host
machine: { clock: 3 GHz, link: 10 Gbit/s, costs: { exit.light: 1200 cycles, copyPerByte: 0.25 cycles } }
vms:
  web: { vcpus: 2, pin: [0, 1], net: { queues: 1 } }
  backup: { vcpus: 1 }
workloads:
  rpc:
    kind: request-response
    vm: web
    request: 64 B
    response: 1.5 KiB
    thinkTime: 2.5 us
  bulk: { kind: open-loop, vm: backup, rate: 200 k/s, size: 1500 B }
datapaths:
  - native
  - { kind: virtio-net, ringSize: 256 }
sweep:
  workloads.bulk.rate: { from: 10 k/s, to: 1 M/s, steps: 9, scale: log }
run: { measure: 200 ms, warmUp: auto, precision: 2 %, maxEvents: 500 M }
`;
