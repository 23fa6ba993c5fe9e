/** What `vmio validate` holds a scenario against: a formula, counts of real drivers, or published measurements. */
import { z } from 'zod';
import { figureSchema, partSchema, selectorShape } from './expectation-schema.ts';
import { rate, share, time } from './text/quantity-schemas.ts';

const source = z.string().min(10).describe('where the reference can be looked up');

const withoutSchema = z
  .strictObject({
    ...partSchema.shape,
    value: figureSchema.describe('what it says, where nothing is simulated for it').optional(),
    because: z.string().min(10).describe('which mechanism is left out, and what remains'),
  })
  .describe(
    'what a model without the mechanism says: the same figure of another case or datapath, or a value',
  );

/** Figures of a source that are not what a simulation answers with. */
export const CONVERSIONS = {
  'half of a round trip': 'ping-pong tools print half of what they measure',
  'half of a round trip between two VMs':
    'both ends are VMs: what one VM adds to the bare-metal round trip counts at each end',
} as const;

const publishedFigure = z
  .strictObject({
    name: z.string().min(3).max(60).describe('what the figure is, in the words of a table'),
    ...selectorShape,
    plus: z
      .array(partSchema)
      .min(1)
      .describe('figures that are added to this one before anything else')
      .optional(),
    ratioTo: partSchema.describe('the figure is divided by this one').optional(),
    differenceTo: partSchema.describe('this one is taken off the figure').optional(),
    as: z
      .enum(Object.keys(CONVERSIONS) as [keyof typeof CONVERSIONS])
      .describe('how the source’s figure follows from a latency')
      .optional(),
    measured: z
      .union([figureSchema, z.tuple([figureSchema, figureSchema])])
      .describe('the published figure, or its range, with the unit of the metric'),
    rows: z
      .array(z.string().regex(/^M\d{3}$/, 'a row is M and three digits'))
      .min(1)
      .describe('rows of data/measurements.csv that hold the figure')
      .optional(),
    given: z
      .literal(true)
      .describe('an input of the case: shown so that one sees that it is met, and no prediction')
      .optional(),
    without: withoutSchema.optional(),
    note: z.string().describe('what to know of this figure').optional(),
  })
  .describe('one published figure');

const theoryFigure = z
  .strictObject({
    ...selectorShape,
    model: z.enum(['M/M/1', 'M/M/c', 'M/D/1', 'M/G/1']),
    arrivals: rate({ positive: true }),
    service: time({ positive: true }).describe('mean service time'),
    variation: z
      .number()
      .min(0)
      .max(10)
      .describe('coefficient of variation of the service time, M/G/1 only')
      .optional(),
    servers: z.int().min(1).max(1024).describe('M/M/c only').optional(),
    tolerance: share({ positive: true }).describe('relative: chosen before looking at the result'),
  })
  .describe('a mean time in the system that a formula gives');

const operationSchema = z.strictObject({
  workload: z.string().describe('column `workload`'),
  size: z.int().min(0).describe('column `size`'),
  qd: z.int().min(1).describe('column `qd`').default(1),
});

export const referenceSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('theory'), source, figures: z.array(theoryFigure).min(1) }),
    z
      .strictObject({
        kind: z.literal('counted'),
        source,
        counts: z.string().describe('table of counts, relative to this file, e.g. data/driver-counts.csv'),
        device: z.string().describe('column `device`'),
        options: z.string().describe('column `options`'),
        datapath: z.string().describe('datapath that stands for the device'),
        operations: z.record(z.string(), operationSchema).describe('by case: the rows that it answers'),
      })
      .describe('every known metric of these rows is compared; structural ones must lie in their range'),
    z.strictObject({ kind: z.literal('published'), source, figures: z.array(publishedFigure).min(1) }),
  ])
  .describe('what `vmio validate` holds the scenario against');

export type Reference = z.output<typeof referenceSchema>;
export type PublishedFigure = z.output<typeof publishedFigure>;
export type TheoryFigure = z.output<typeof theoryFigure>;
export type Operation = z.output<typeof operationSchema>;
export type Without = z.output<typeof withoutSchema>;
