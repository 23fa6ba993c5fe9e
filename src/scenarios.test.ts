/** Every shipped scenario says what it asks and why it expects its answer, loads, and runs, at a small part of its length. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runPoint } from './experiment/run-point.test-support.ts';
import { summarise } from './experiment/summarise.ts';
import { loaded, SCENARIOS } from './scenario/workspace.test-support.ts';
import { inMicroseconds } from './units.ts';

const names = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'));
const profiles = readdirSync(path.join(SCENARIOS, 'profiles')).filter((name) => name.endsWith('.yaml'));
const cases = readdirSync(path.join(SCENARIOS, 'validation')).filter((name) => name.endsWith('.yaml'));
const firstLine = (...file: string[]): string =>
  readFileSync(path.join(SCENARIOS, ...file), 'utf8').split('\n')[0];

test('scenarios and profiles are shipped', () => {
  expect(names).toContain('network-datapaths.yaml');
  expect(profiles).toContain('server-3ghz.yaml');
});

test.each(names)('%s tells editors where its schema is', (name) => {
  expect(firstLine(name)).toBe('# yaml-language-server: $schema=./scenario.schema.json');
});

test.each(profiles)('profiles/%s tells editors where its schema is', (name) => {
  expect(firstLine('profiles', name)).toBe('# yaml-language-server: $schema=../profile.schema.json');
});

test.each(cases)(
  'validation/%s tells editors where its schema is, asks a question, and has a reference',
  (name) => {
    expect(firstLine('validation', name)).toBe('# yaml-language-server: $schema=../scenario.schema.json');
    const { base } = loaded(path.join(SCENARIOS, 'validation', name));
    expect(base.question).toMatch(/\?$/);
    expect(base.reference?.source.length).toBeGreaterThan(10);
    expect(base.run.replications).toBeGreaterThanOrEqual(5);
  },
);

/** At a small part of its length. */
const runsEverywhere = (file: string): void => {
  const { measure } = loaded(file).base.run;
  const short = Math.max(100, Math.ceil(inMicroseconds(measure) / 100));
  const run = { measure: `${short} us`, warmUp: '0 us', replications: 2, maxReplications: 2 };
  const set = Object.entries(run).map(([key, value]) => `run.${key}=${value}`);
  const { points, name: title } = loaded(file, { set });
  for (const point of points) {
    for (const datapath of point.scenario.datapaths) {
      const { summary, trials, costs } = summarise(title, runPoint(point, datapath));
      expect(trials.length).toBeGreaterThan(summary.length);
      expect(costs.every(({ cycles_per_request: cycles }) => cycles >= 0)).toBe(true);
      expect(summary.filter(({ metric }) => metric === 'throughput.requests').length).toBeGreaterThan(0);
    }
  }
};

/** The counted ones run in full where their counts are checked. */
const shortened = cases.filter((name) => !name.endsWith('-counts.yaml'));

describe.each([...names, ...shortened.map((name) => path.join('validation', name))])('%s', (name) => {
  test('runs on each of its datapaths', () => runsEverywhere(path.join(SCENARIOS, name)));
});

describe.each(names)('%s', (name) => {
  const file = path.join(SCENARIOS, name);

  test('asks a question, and gives a reason for each answer that it expects', () => {
    const { base, points } = loaded(file);
    expect(base.title.length).toBeGreaterThan(10);
    expect(base.question).toMatch(/\?$/);
    expect(base.expect.length).toBeGreaterThan(0);
    for (const { because } of base.expect) expect(because.trim().length).toBeGreaterThan(10);
    expect(points.length).toBeGreaterThan(0);
    expect(base.run.replications).toBeGreaterThanOrEqual(5);
  });
});
