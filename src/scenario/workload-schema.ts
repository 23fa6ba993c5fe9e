/** What a VM's applications do. */
import { z } from 'zod';
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

export const workloadSchema = z.discriminatedUnion('kind', [openLoop, requestResponse, stream]);

export type Workload = z.output<typeof workloadSchema>;
