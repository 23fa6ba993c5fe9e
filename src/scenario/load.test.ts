/** A scenario, its profile, the options and the sweep become validated points, or mistakes that say where and what. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import { hertz, ms, us } from '../units.ts';
import { loadScenario } from './load.ts';
import { profileSchema } from './profile.ts';
import { scenarioSchema } from './schema.ts';
import { exportJsonSchema } from './text/json-schema.ts';
import { changed, loaded, placeOf, SCENARIOS, SHORT, workspace } from './workspace.test-support.ts';

const { folder, write, load, mistakes } = workspace();

describe('a valid file', () => {
  test('is one point as written, with its name and its defaults', () => {
    const { name, base, points, warnings } = load(SHORT);
    expect(name).toBe('short');
    expect(points).toHaveLength(1);
    expect(points[0].labels).toEqual({});
    expect(warnings).toEqual([]);
    expect(base.run).toEqual({
      measure: ms(2),
      warmUp: us(200),
      replications: 2,
      maxReplications: 40,
      maxPointEvents: 20e9,
      seed: 1,
      maxEvents: 500e6,
    });
  });

  test('has a machine with prices in picoseconds and the last core for interrupts', () => {
    const [{ machine, profile }] = load(SHORT).points;
    expect(machine.clock).toBe(hertz(3e9));
    expect(machine.irqCore).toBe(profile.cores - 1);
    // exit.light: 1500 cycles at 3 GHz.
    expect(machine.prices.get('exit.light')?.fixed).toBe(500_000);
  });

  test('may be read with another end of line', () => {
    expect(load(SHORT.replaceAll('\n', '\r\n')).base).toEqual(load(SHORT).base);
  });
});

describe('options', () => {
  test('--set changes one value', () => {
    const { base } = load(SHORT, { set: ['workloads.bulk.rate=50 k/s', 'run.replications=7'] });
    expect(base.workloads['bulk']).toMatchObject({ rate: 50_000 });
    expect(base.run.replications).toBe(7);
  });

  test('--set reaches a cost by its name with dots', () => {
    const [{ machine }] = load(SHORT, { set: ['costs."exit.light"={ cycles: 3000 }'] }).points;
    expect(machine.prices.get('exit.light')?.fixed).toBe(1_000_000);
  });

  test('--seed wins over the file and over --set', () => {
    expect(load(SHORT, { seed: 42 }).base.run.seed).toBe(42);
    expect(load(SHORT, { set: ['run.seed=7'], seed: 42 }).base.run.seed).toBe(42);
  });

  test('--sweep adds an axis, or replaces that of the file', () => {
    const option = ['workloads.bulk.rate=[10 k/s, 20 k/s, 30 k/s]'];
    expect(load(SHORT, { sweep: option }).points).toHaveLength(3);
    const swept = `${SHORT}sweep: { workloads.bulk.rate: [1 k/s, 2 k/s] }\n`;
    expect(load(swept).points).toHaveLength(2);
    const { points } = load(swept, { sweep: option });
    expect(points.map(({ labels }) => labels['workloads.bulk.rate'])).toEqual(['10 k/s', '20 k/s', '30 k/s']);
    expect(points[2].scenario.workloads['bulk']).toMatchObject({ rate: 30_000 });
  });

  test('two --sweep make a grid', () => {
    const sweep = ['workloads.bulk.rate={from: 10 k/s, to: 1 M/s, steps: 3, scale: log}', 'run.seed=[1, 2]'];
    expect(load(SHORT, { sweep }).points).toHaveLength(6);
  });

  test('leave out expectations of points that they leave out, and say so', () => {
    const because = 'because: an order argument';
    const text = `${SHORT}sweep: { run.seed: [1, 2] }
expect:
  - { metric: latency.p50, workload: rpc, where: { run.seed: 1 }, below: 1 us, ${because} }
  - { metric: latency.p50, workload: rpc, where: { run.seed: 2 }, below: 2 us, ${because} }
`;
    expect(load(text).base.expect).toHaveLength(2);
    const { base, warnings } = load(text, { sweep: ['run.seed=[2, 3]'] });
    expect(base.expect.map(({ below }) => below)).toEqual(['2 us']);
    expect(warnings).toEqual(['1 of the expectations speak of points that the options leave out']);
  });

  test.each([
    ['--set workloads.bulk.rte=1 k/s', { set: ['workloads.bulk.rte=1 k/s'] }, /"rte".*did you mean/],
    ['--set run.measure', { set: ['run.measure'] }, /expected path=value/],
    ['--set run.measure=5', { set: ['run.measure=5'] }, /run\.measure: 5 has no unit/],
    ['--set vms.wbe.pin=', { set: ['vms.wbe.pin.backend=0'] }, /"wbe".*did you mean "vms\.web"/],
    ['--sweep workloads.bulk.rate=[1, 2]', { sweep: ['workloads.bulk.rate=[1, 2]'] }, /has no unit/],
    ['--sweep run.seed=', { sweep: ['run.seed='] }, /no value after the =/],
  ])('a mistake in %s is told by the option', (option, options, message) => {
    const [first] = mistakes(SHORT, options);
    expect(first).toMatch(message);
    expect(first.startsWith(option.slice(0, 7).trim())).toBe(true);
  });
});

describe('cases', () => {
  const text = `${SHORT}cases:
  plain: {}
  strict: { host.iommu: strict, workloads.bulk.rate: 30 k/s }
  textbook: { machine: profiles/textbook.yaml }
`;

  test('are one point each, labelled by their name, with their values set', () => {
    const { points } = load(text);
    expect(points.map(({ labels }) => labels)).toEqual([
      { case: 'plain' },
      { case: 'strict' },
      { case: 'textbook' },
    ]);
    expect(points[0].profile.iommu).toBe('lazy');
    expect(points[1].profile.iommu).toBe('strict');
    expect(points[1].scenario.workloads['bulk']).toMatchObject({ rate: 30_000 });
    expect(points[2].machine.clock).toBe(hertz(1e9));
  });

  test('multiply with the sweep', () => {
    expect(load(`${text}sweep: { run.seed: [1, 2] }\n`).points).toHaveLength(6);
  });

  test('are checked like the file, and mistakes point at them', () => {
    const wrong = changed(text, 'host.iommu: strict', 'host.iommu: strickt');
    const [first, ...rest] = mistakes(wrong);
    expect(rest).toEqual([]);
    expect(first).toMatch(/^short\.yaml:\d+:\d+: host\.iommu: "strickt" .*did you mean "strict"\?$/);
    expect(first).toContain(placeOf(wrong, 'host.iommu'));
  });
});

describe('the profile', () => {
  test('takes what host: overrides, key by key', () => {
    const text = `${SHORT}host: { cores: 4, kvm: { halt_poll_ns: 0 }, nic: { propagation: 5 us }, features: { apicv: false } }\n`;
    const [{ profile, machine }] = load(text).points;
    const [{ profile: plain }] = load(SHORT).points;
    expect(profile.kvm).toEqual({ ...plain.kvm, halt_poll_ns: 0 });
    expect(profile.nic).toEqual({ ...plain.nic, propagation: us(5) });
    expect(profile.features).toEqual({ ...plain.features, apicv: false });
    expect(machine.irqCore).toBe(3);
    expect(machine.prices).toEqual(load(SHORT).points[0].machine.prices);
  });

  test('takes a price from costs:, which keeps its plausible range', () => {
    const { warnings, points } = load(`${SHORT}costs: { exit.heavy: { cycles: 30000 } }\n`);
    expect(points[0].machine.prices.get('exit.heavy')?.fixed).toBe(10_000_000);
    expect(warnings).toEqual([
      'costs.exit.heavy: 30000 cycles lies outside the plausible range 4000–15000 cycles',
    ]);
  });

  test('compares no price in ns with a range in cycles', () => {
    expect(load(`${SHORT}costs: { exit.heavy: { ns: 30000 } }\n`).warnings).toEqual([]);
  });

  test('has the cost that was meant for one it does not have', () => {
    const text = `${SHORT}costs: { exit.hevy: { cycles: 1 } }\n`;
    expect(mistakes(text)).toEqual([
      `short.yaml:${placeOf(text, '{ cycles: 1 }')}: costs."exit.hevy": the machine profile has no cost "exit.hevy" — did you mean "exit.heavy"?`,
    ]);
  });

  test('that cannot be read is told at machine:', () => {
    const text = changed(SHORT, 'server-3ghz', 'server-5ghz');
    expect(mistakes(text)).toEqual([
      `short.yaml:${placeOf(text, 'profiles/')}: machine: "profiles/server-5ghz.yaml" cannot be read`,
    ]);
  });

  test('with mistakes is told in its own lines', () => {
    const own = readFileSync(path.join(folder, 'profiles/server-3ghz.yaml'), 'utf8').replaceAll('\r', '');
    const wrong = changed(own, 'iommu: lazy', 'iommu: lasy');
    write(wrong, 'profiles/wrong.yaml');
    const found = mistakes(changed(SHORT, 'server-3ghz', 'wrong'));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^profiles.wrong\.yaml:\d+:\d+: iommu: "lasy" .* did you mean "lazy"\?$/);
    expect(found[0]).toContain(`:${placeOf(wrong, 'lasy')}:`);
  });

  test('without a price that the models charge is refused when it is loaded', () => {
    const own = readFileSync(path.join(folder, 'profiles/server-3ghz.yaml'), 'utf8');
    write(own.replace(/^ {2}vhost\.tx: .*\n/m, ''), 'profiles/poor.yaml');
    const found = mistakes(changed(SHORT, 'server-3ghz', 'poor'));
    const text = changed(SHORT, 'server-3ghz', 'poor');
    expect(found).toEqual([
      `short.yaml:${placeOf(text, 'profiles/')}: machine: the profile has no price for "vhost.tx", which vhost-net charges`,
    ]);
  });
});

test('a scenario that turns to CFS gets its slice, unless it says otherwise', () => {
  const sliceOf = (scheduler: string): number =>
    load(`${SHORT}host: { scheduler: { ${scheduler} } }\n`).points[0].machine.scheduler.slice;
  expect(sliceOf('policy: cfs')).toBe(12e9);
  expect(sliceOf('policy: cfs, slice: 3 ms')).toBe(3e9);
  expect(sliceOf('policy: eevdf')).toBe(2.8e9);
});

test('interrupts of assigned devices are posted only with APICv', () => {
  const posted = (features: string): boolean =>
    load(`${SHORT}host: { features: { ${features} } }\n`).points[0].machine.postedInterrupts;
  expect(posted('apicv: true')).toBe(true);
  expect(posted('apicv: false')).toBe(false);
  expect(posted('postedInterrupts: false')).toBe(false);
});

describe('mistakes', () => {
  test('are all told at once, in the order of the lines', () => {
    let text = changed(SHORT, 'measure: 2 ms', 'measure: 2');
    text = changed(text, 'rate: 20 k/s', 'rate: 20 kps');
    text = changed(text, 'vcpus: [0]', 'vcups: [0]');
    text = changed(text, 'title: Short', 'titel: Short');
    const found = mistakes(text);
    const at = (needle: string): string => `short.yaml:${placeOf(text, needle)}:`;
    expect(found).toEqual([
      `${at('titel')} missing key "title"`,
      `${at('titel')} unknown key "titel" — did you mean "title"?`,
      `${at('vcups')} vms.web.pin: unknown key "vcups" — did you mean "vcpus"?`,
      `${at('20 kps')} workloads.bulk.rate: "20 kps" is not a rate (expected a number and /s | k/s | M/s | G/s) — did you mean "20 k/s"?`,
      `${at('2, warmUp')} run.measure: 2 has no unit (expected a number and ps | ns | us | ms | s)`,
    ]);
  });

  test('of the grid and of the points are told too', () => {
    const axis = (values: string): string => `${SHORT}sweep: { workloads.bulk.rate: ${values} }\n`;
    expect(mistakes(axis('{ from: 1 k/s, to: 2 us, steps: 3 }')).join()).toMatch(/different units/);
    expect(mistakes(axis('[10 k/s, 10]')).join()).toMatch(/has no unit/);
    const twice = mistakes(axis('[10 k/s, 10]'));
    expect(twice[0]).toMatch(/^short\.yaml:11:/);
    expect(mistakes(`${SHORT}sweep: { workloads.blk.rate: [1 k/s] }\n`).join()).toMatch(/did you mean/);
  });

  test.each([
    ['', /empty|missing|expected/],
    ['- a list', /a map/],
    ['just text', /a map/],
    ['title: [', /closing/],
  ])('%o is no scenario', (text, message) => {
    expect(mistakes(text).join('\n')).toMatch(message);
  });

  test('a file that is not there, a folder, and one that is too large', () => {
    const answer = (file: string): string => {
      const result = loadScenario(file);
      return result.ok ? 'valid' : result.mistakes.map(({ message }) => message).join();
    };
    expect(answer(path.join(folder, 'none.yaml'))).toMatch(/cannot be read/);
    expect(answer(folder)).toMatch(/is a folder/);
    expect(answer(write(`# ${'x'.repeat(1 << 20)}\n`, 'large.yaml'))).toMatch(/at most 1048576/);
  });
});

describe('the resolved scenario', () => {
  const shipped = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'));

  test.each(shipped)('%s loads again to the same thing', (name) => {
    const first = loaded(path.join(SCENARIOS, name));
    const text = stringify(z.encode(scenarioSchema, first.base), { lineWidth: 110 });
    const second = load(text);
    expect(second.base).toEqual(first.base);
    expect(second.points).toEqual(first.points);
    expect(stringify(z.encode(scenarioSchema, second.base), { lineWidth: 110 })).toBe(text);
  });
});

describe('what editors read', () => {
  test.each([
    ['scenario', scenarioSchema, 'vmio scenario'],
    ['profile', profileSchema, 'vmio machine profile'],
  ])('scenarios/%s.schema.json is what vmio schema prints', (name, schema, title) => {
    const text = readFileSync(path.join(SCENARIOS, `${name}.schema.json`), 'utf8');
    expect(text, 'run npm run schema').toBe(`${JSON.stringify(exportJsonSchema(schema, title), null, 2)}\n`);
  });
});
