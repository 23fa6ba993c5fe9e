/** What a scenario expects of its results, and why: each entry makes the scenario a test. */
import { z } from 'zod';
import { share } from './text/quantity-schemas.ts';

/** What picks one figure out of the results. */
export const selectorShape = {
  metric: z.string().describe('e.g. latency.p99, exits.device, cycles, throughput.requests'),
  workload: z.string().optional(),
  vm: z.string().optional(),
  datapath: z.string().optional(),
  component: z.string().describe('place, kind, payer or core; the whole where not given').optional(),
  where: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe('swept parameters (and case) of the point')
    .optional(),
};
export const figureSchema = z
  .union([z.number(), z.string()])
  .describe('with the unit of the metric, e.g. 100 us; bare for counts and ratios');
/** What differs from the figure beside it. */
export const partSchema = z.strictObject({ ...selectorShape, metric: selectorShape.metric.optional() });

export const expectationSchema = z
  .strictObject({
    ...selectorShape,
    metric: selectorShape.metric.optional(),
    equals: figureSchema.optional(),
    below: figureSchema.optional(),
    above: figureSchema.optional(),
    between: z.tuple([figureSchema, figureSchema]).optional(),
    tolerance: share().describe('relative, for equals').optional(),
    ratioTo: partSchema.describe('the figure is divided by this one before it is compared').optional(),
    differenceTo: partSchema.describe('this one is taken off the figure before it is compared').optional(),
    order: z.array(z.string()).describe('datapaths by rising figure').optional(),
    saturates: z.literal(true).describe('the selected points are expected to saturate').optional(),
    because: z.string().min(10).describe('formula, source row, or order argument'),
  })
  .describe('one expectation');

export type Expectation = z.output<typeof expectationSchema>;
export type Selector = z.output<typeof partSchema>;
