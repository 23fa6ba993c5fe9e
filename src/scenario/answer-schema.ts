/** How a scenario's question is answered from its results, in words at the end of a run. */
import { z } from 'zod';

const over = z.string().min(1).describe('the swept path, e.g. workloads.rpc.rate');

export const answerSchema = z.discriminatedUnion('kind', [
  z
    .strictObject({
      kind: z.literal('holds'),
      over,
      slo: z.array(z.string().min(3)).min(1).describe('objectives, e.g. p99 < 100 us'),
    })
    .describe('up to which value of a load objectives hold, for each datapath and case'),
  z
    .strictObject({
      kind: z.literal('knee'),
      over,
      metric: z.string().describe('what falls as the value grows, e.g. cycles'),
      price: z.string().describe('what it is paid with, e.g. latency.p99'),
      workload: z.string().describe('whose price').optional(),
    })
    .describe('where more gains little: the knee of a falling curve (Kneedle)'),
]);

export type Answer = z.output<typeof answerSchema>;
export type HoldsAnswer = Extract<Answer, { kind: 'holds' }>;
export type KneeAnswer = Extract<Answer, { kind: 'knee' }>;
