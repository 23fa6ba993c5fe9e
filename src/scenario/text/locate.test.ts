/** Every mistake in a file at once: place, path, plain words and the nearest known name. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { formatMistake } from './mistake.ts';
import { parseYaml } from './read-yaml.ts';
import { sample, sampleYaml } from './sample-scenario.ts';
import { validate } from './validate.ts';

const mistakesIn = (text: string, schema: z.ZodType = sample): string[] => {
  const { document, mistakes } = parseYaml('bad.yaml', text);
  return [...mistakes, ...validate(schema, document, 'bad.yaml').mistakes].map(formatMistake);
};

test('the sample has no mistakes and survives being resolved', () => {
  const result = validate(sample, parseYaml('s.yaml', sampleYaml).document, 's.yaml');
  if (!result.valid) throw new Error('expected a valid sample');
  expect(result.value.workloads['rpc']).toMatchObject({ response: 1536, thinkTime: 2_500_000 });
  expect(sample.parse(z.encode(sample, result.value))).toEqual(result.value);
});

test('many slips, one answer', () => {
  const slips: [string, string][] = [
    ['10 Gbit/s', '10Gpbs'],
    ['vcpus: 2', 'vcpus: two'],
    ['pin: [0, 1]', 'pin: [0, x, -1]'],
    ['backup: {', 'Backup: {'],
    ['request: 64 B', 'reqest: 64 B'],
    ['rate: 200 k/s', 'rate: 200'],
    ['- native', '- nativ'],
    ['ringSize: 256', 'ring_sise: 256'],
    ['scale: log', 'scale: lgo'],
    ['warmUp: auto', 'warmUp: atuo'],
    ['precision: 2 %', 'precision: 0.02'],
  ];
  expect(mistakesIn(slips.reduce((text, [good, bad]) => text.replace(good, bad), sampleYaml))).toEqual([
    'bad.yaml:2:32: machine.link: "10Gpbs" is not a bit rate (expected a number and bit/s | kbit/s | Mbit/s | Gbit/s | Tbit/s) — did you mean "10 Gbit/s"?',
    'bad.yaml:4:17: vms.web.vcpus: expected a number, got text "two"',
    'bad.yaml:4:31: vms.web.pin[1]: expected a number, got text "x"',
    'bad.yaml:4:34: vms.web.pin[2]: must be at least 0, got -1',
    'bad.yaml:5:3: vms.Backup: this name is not allowed: start with a small letter',
    'bad.yaml:7:3: workloads.rpc: missing key "request"',
    'bad.yaml:10:5: workloads.rpc: unknown key "reqest" — did you mean "request"?',
    'bad.yaml:13:46: workloads.bulk.rate: 200 has no unit (expected a number and /s | k/s | M/s | G/s)',
    'bad.yaml:15:5: datapaths[0]: expected "native" or "virtio-net" or "sriov" or a map of keys and values, got text "nativ" — did you mean "native"?',
    'bad.yaml:16:5: datapaths[1]: missing key "ringSize"',
    'bad.yaml:16:25: datapaths[1]: unknown key "ring_sise" — did you mean "ringSize"?',
    'bad.yaml:18:68: sweep."workloads.bulk.rate".scale: "lgo" is not one of log | linear — did you mean "log"?',
    'bad.yaml:19:33: run.warmUp: expected "auto" or a time (a number and ps | ns | us | ms | s), got text "atuo" — did you mean "auto"?',
    'bad.yaml:19:50: run.precision: 0.02 has no unit (expected a number and %)',
  ]);
});

test('wrong shapes, missing keys and empty values', () => {
  const text = `title: ""
foo: 1
run: { measure: 200 ms, warmUp: 5 mss, seed: 1.5 }
workloads: { a: { vm: x }, b: }
vms: []
datapaths: [5]
sweep: { a: 5, b: { from: 1 } }
`;
  expect(mistakesIn(text)).toEqual([
    'bad.yaml:1:1: missing key "machine"',
    'bad.yaml:1:8: title: may not be empty',
    'bad.yaml:2:1: unknown key "foo"',
    'bad.yaml:3:33: run.warmUp: "5 mss" is not a time (expected a number and ps | ns | us | ms | s) — did you mean "5 ms"? ("auto" is allowed too)',
    'bad.yaml:3:46: run.seed: expected a whole number, got the number 1.5',
    'bad.yaml:4:14: workloads.a: missing key "kind" (one of open-loop | request-response)',
    'bad.yaml:4:31: workloads.b: expected a map of keys and values, got nothing',
    'bad.yaml:5:6: vms: expected a map of names and values, got a list',
    'bad.yaml:6:13: datapaths[0]: expected "native" or "virtio-net" or "sriov" or a map of keys and values, got the number 5',
    'bad.yaml:7:13: sweep.a: expected a list or a map of keys and values, got the number 5',
    'bad.yaml:7:16: sweep.b: missing key "scale"',
    'bad.yaml:7:16: sweep.b: missing key "steps"',
    'bad.yaml:7:16: sweep.b: missing key "to"',
  ]);
});

test('a misspelt kind does not hide the mistakes beside it', () => {
  const text = sampleYaml.replace('kind: open-loop, vm', 'kind: open-lop, vmm');
  expect(mistakesIn(text)).toEqual([
    'bad.yaml:13:3: workloads.bulk: missing key "vm"',
    'bad.yaml:13:17: workloads.bulk.kind: "open-lop" is not one of open-loop | request-response — did you mean "open-loop"?',
    'bad.yaml:13:27: workloads.bulk: unknown key "vmm" — did you mean "vm"?',
  ]);
});

test('a key of another kind is not suggested, and names of one own are never corrected', () => {
  const text = sampleYaml.replace('vm: backup, rate', 'vm: backup, respons: 5 B, rate');
  expect(mistakesIn(text)).toEqual(['bad.yaml:13:40: workloads.bulk: unknown key "respons"']);
  expect(mistakesIn(sampleYaml.replace('copyPerByte', 'exit.lihgt'))).toEqual([]);
});

test('a check of our own keeps its words, even about a key that is not there', () => {
  const schema = z
    .strictObject({ a: z.int().optional(), b: z.int().optional() })
    .superRefine((value, context) => {
      if (value.b === undefined)
        context.addIssue({ code: 'custom', path: ['b'], message: 'needed beside a' });
    });
  expect(mistakesIn('a: 1', schema)).toEqual(['bad.yaml:1:1: b: needed beside a']);
});

test('a mistake in a repeated value is shown where the value is written', () => {
  const text = sampleYaml.replace('backup: { vcpus: 1 }', 'backup: &small { vcpus: x }\n  third: *small');
  expect(mistakesIn(text)).toEqual([
    'bad.yaml:5:27: vms.backup.vcpus: expected a number, got text "x"',
    'bad.yaml:5:27: vms.third.vcpus: expected a number, got text "x"',
  ]);
});

test('an empty file lacks everything', () => {
  expect(mistakesIn('')).toEqual(['bad.yaml:1:1: expected a map of keys and values, got nothing']);
});
