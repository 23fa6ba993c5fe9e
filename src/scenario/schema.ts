/** What a scenario may say: one strict schema, from which validation, editor completion and the docs follow. */
import { z } from 'zod';
import { kinds } from '../datapaths/index.ts';
import { answerSchema } from './answer-schema.ts';
import { diskSchema } from './disk-schema.ts';
import { expectationSchema } from './expectation-schema.ts';
import { priceSchema } from './price.ts';
import { iotlbSchema, profileSchema } from './profile.ts';
import { referenceSchema } from './reference-schema.ts';
import { axisSchema } from './sweep/axis.ts';
import { sampleSchema } from './sweep/sample.ts';
import { count, share, time } from './text/quantity-schemas.ts';
import { core, datapathKind, vmSchema } from './vm-schema.ts';
import { workloadSchema } from './workload-schema.ts';

const hogSchema = z
  .strictObject({
    threads: z.int().min(1).max(64),
    cores: z.array(core).min(1).describe('cores that they may run on'),
  })
  .describe('threads of the host that compute without end');

/** Parts of the machine profile that a scenario may override. */
const hostSchema = z
  .strictObject({
    clock: profileSchema.shape.clock.optional(),
    cores: z.int().min(1).max(256).optional(),
    irqCore: core
      .describe("core that takes the host NIC's interrupts; the last one where not given")
      .optional(),
    iommu: profileSchema.shape.iommu.optional(),
    iotlb: iotlbSchema.partial().optional(),
    exitOutShare: profileSchema.shape.exitOutShare.optional(),
    idleStates: profileSchema.shape.idleStates.optional(),
    features: profileSchema.shape.features.partial().optional(),
    scheduler: profileSchema.shape.scheduler.partial().optional(),
    kvm: profileSchema.shape.kvm.partial().optional(),
    nic: profileSchema.shape.nic.partial().optional(),
    disk: diskSchema.partial().optional(),
  })
  .describe('overrides of the machine profile');

const parametersShape = Object.fromEntries(
  kinds.map(({ kind, params, summary }) => [
    kind,
    (params as z.ZodObject).prefault({}).describe(`parameters: ${summary}`),
  ]),
);

export const runSchema = z.strictObject({
  measure: time({ least: '1 us' }).describe('length of the measured window, simulated time'),
  warmUp: z
    .union([z.literal('auto'), time()])
    .describe('auto: fixed by MSER-5 on a pilot run')
    .default('auto'),
  replications: z
    .int()
    .min(2)
    .max(1000)
    .describe('at least 5 for results; fewer only for exact counts')
    .default(5),
  precision: share({ positive: true })
    .describe('adds replications until every latency p50 and throughput has this relative half-width')
    .optional(),
  maxReplications: z
    .int()
    .min(2)
    .max(1000)
    .describe('replications of a point on a datapath after which precision is given up')
    .default(40),
  maxPointEvents: count({ positive: true, most: '1000 G' })
    .describe('events of all replications of a point on a datapath beyond which precision adds none')
    .prefault('20 G'),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
  maxEvents: count({ positive: true, most: '4 G' })
    .describe('events per trial; more end it with a message')
    .prefault('500 M'),
});

const end = z.union([z.string(), z.number()]);

export const capacitySchema = z
  .strictObject({
    vary: z.string().min(1).describe('path of what is searched, e.g. vms.web.count'),
    from: end.describe('least value that is looked at'),
    to: end.describe('greatest value that is looked at'),
    slo: z
      .array(z.string().min(3))
      .min(1)
      .describe('objectives, e.g. p99 < 100 us, drops < 1e-5, cpu.host < 80 %; all must hold'),
    precision: share({ positive: true })
      .describe('of a number that need not be whole: wanted half width of the interval')
      .prefault('2 %'),
  })
  .describe('what vmio capacity asks where nothing else is said');

/** Pictures of a run, as their files are named. */
export const CHARTS = ['latency', 'load-latency', 'throughput', 'cycles', 'stages', 'counts'] as const;

const chartSchema = z.strictObject({
  kind: z.enum(CHARTS),
  series: z.literal('datapath').describe('what the colours tell apart').default('datapath'),
});

export const scenarioSchema = z.strictObject({
  title: z.string().min(1),
  question: z.string().min(1).describe('what the scenario answers, in words'),
  note: z.string().describe('what to know when reading the answer').optional(),
  machine: z.string().describe('machine profile, relative to this file, e.g. profiles/server-3ghz.yaml'),
  host: hostSchema.prefault({}),
  costs: z.record(z.string(), priceSchema).describe('prices that replace those of the profile').prefault({}),
  vms: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/i, 'a name is letters, digits and -'), vmSchema),
  workloads: z.record(
    z.string().regex(/^[a-z][a-z0-9-]*$/i, 'a name is letters, digits and -'),
    workloadSchema,
  ),
  background: z.record(z.string(), hogSchema).describe('load of the host beside the VMs').prefault({}),
  datapaths: z.array(datapathKind).min(1).describe('the compared axis'),
  parameters: z.strictObject(parametersShape).describe('parameters by datapath').prefault({}),
  cases: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .describe('named sets of path: value; each case is run')
    .optional(),
  sweep: z.record(z.string(), axisSchema).describe('path: values; several axes make a grid').optional(),
  zip: z
    .array(z.record(z.string(), axisSchema).refine((group) => Object.keys(group).length > 0, 'needs an axis'))
    .min(1)
    .describe('groups of axes that go in step, each as long as the others of its group')
    .optional(),
  sample: sampleSchema.optional(),
  where: z
    .array(z.string().min(1))
    .min(1)
    .describe(
      'conditions that a point must meet to be run, e.g. workloads.a.connections <= vms.vm.vcpus, or workloads.a.rate < "200 k/s"',
    )
    .optional(),
  run: runSchema,
  capacity: capacitySchema.optional(),
  charts: z
    .array(chartSchema)
    .min(1)
    .describe('the pictures that are drawn; all that the results allow, but for counts, where not given')
    .optional(),
  answer: z
    .array(answerSchema)
    .describe('how the question is answered, in words at the end of a run')
    .default([]),
  expect: z.array(expectationSchema).default([]),
  reference: referenceSchema.optional(),
});

export type Scenario = z.output<typeof scenarioSchema>;
export type Run = z.output<typeof runSchema>;
