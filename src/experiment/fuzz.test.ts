/** Whatever becomes of a scenario's text: mistakes with a place, or points that the engine can run. Nothing else. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { type RandomStream, streams } from '../kernel/random.ts';
import { BudgetError } from '../kernel/simulation.ts';
import { type LoadedScenario, loadScenario } from '../scenario/load.ts';
import { formatMistake, type Mistake } from '../scenario/text/mistake.ts';
import { changed, SCENARIOS, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { buildTrial } from './build-trial.ts';
import { mutant } from './mutants.test-support.ts';
import { closeBooks } from './run-trial.ts';

const MUTANTS = 10_000;
const EVENTS = 1000;
/** Half a minute of work; a busy machine takes longer, ms. */
const SLOW = 600_000;

const { write } = workspace();

type Tree = Record<string, unknown> & { cases?: object; expect?: unknown[]; costs?: Record<string, object> };
const yamlIn = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.yaml'));
const treeOf = (...names: string[]): Tree => parse(readFileSync(path.join(SCENARIOS, ...names), 'utf8'));
const first = <T extends object>(map: T, count: number): T =>
  Object.fromEntries(Object.entries(map).slice(0, count)) as T;

/** The shipped scenarios, two cases and two expectations of each: the others would only take their time. */
const bases = yamlIn(SCENARIOS).map((name) => {
  const tree = treeOf(name);
  if (tree.cases !== undefined) tree.cases = first(tree.cases, 2);
  if (tree.expect !== undefined) tree.expect = tree.expect.slice(0, 2);
  return stringify(tree, { aliasDuplicateObjects: false });
});
/** Their profiles without the sources, for the same reason. */
for (const name of yamlIn(path.join(SCENARIOS, 'profiles'))) {
  const tree = treeOf('profiles', name);
  const figures = Object.entries(tree.costs ?? {}).map(
    ([cost, { source: _, ...price }]: [string, { source?: string }]) => [cost, price],
  );
  write(stringify({ ...tree, costs: Object.fromEntries(figures) }), `profiles/${name}`);
}

const pick = <T>(stream: RandomStream, list: readonly T[]): T => list[stream.integer(list.length)];

/** The first events of one trial of one point. @returns null, or what else than a spent budget ended it. */
const started = ({ points }: LoadedScenario, stream: RandomStream): unknown => {
  const point = pick(stream, points);
  const { run, datapaths } = point.scenario;
  const short = { ...point, scenario: { ...point.scenario, run: { ...run, maxEvents: EVENTS } } };
  try {
    const trial = buildTrial(short, { datapath: pick(stream, datapaths), seed: run.seed, replication: 1 });
    trial.world.sim.run(run.measure);
    closeBooks(trial);
    return null;
  } catch (error) {
    return error instanceof BudgetError ? null : error;
  }
};

const wellTold = (mistakes: readonly Mistake[], lines: number): boolean =>
  mistakes.length > 0 &&
  mistakes.every(
    (mistake) =>
      mistake.line >= 1 &&
      (mistake.line <= lines || !mistake.file.endsWith('mutant.yaml')) &&
      mistake.column >= 1 &&
      !/undefined|\[object|Invalid input/.test(formatMistake(mistake)),
  );

test(
  `${MUTANTS} damaged scenarios are refused with a place, or run`,
  () => {
    const stream = streams(20_261_121, 0).stream('mutants');
    let valid = 0;
    for (let i = 0; i < MUTANTS; i++) {
      const text = mutant(stream, pick(stream, bases));
      const result = loadScenario(write(text, 'mutant.yaml'));
      if (result.ok) {
        valid++;
        expect(started(result.loaded, stream), text).toBeNull();
      } else if (!wellTold(result.mistakes, text.split('\n').length)) {
        expect.fail(`mutant ${i}: ${result.mistakes.map(formatMistake).join('\n')}\n${text}`);
      }
    }
    // Neither kind of answer may have become rare: the other half of the test would then be asleep.
    expect(valid).toBeGreaterThan(MUTANTS / 20);
    expect(valid).toBeLessThan(MUTANTS / 2);
  },
  SLOW,
);

/** What may be written at each end, and what is just beyond. */
const ENDS: readonly (readonly [path: string, allowed: readonly string[], beyond: readonly string[]])[] = [
  ['workloads.bulk.rate', ['0.01 /s', '1 G/s'], ['0 /s', '0.009 /s', '1.001 G/s', '1e300 /s']],
  ['workloads.rpc.think', ['0 us', '1 ps', '100 s'], ['101 s', '-1 us']],
  ['workloads.rpc.service', ['0 us', '100 s'], ['101 s']],
  ['workloads.rpc.connections', ['1', '256'], ['0', '257', '1.5']],
  ['workloads.bulk.size', ['1 B', '64 KiB'], ['0 B', '65537 B', '[]']],
  [
    'workloads.bulk.batch',
    ['{ size: 1, flush: 1 ps }', '{ size: 64, flush: 100 s }'],
    ['{ size: 65, flush: 1 us }'],
  ],
  ['host.cores', ['8', '256'], ['0', '257']],
  ['host.irqCore', ['0', '7'], ['8', '-1']],
  ['host.exitOutShare', ['0 %', '100 %'], ['101 %']],
  ['host.nic.rate', ['1 Mbit/s', '100 Tbit/s'], ['0 bit/s', '999 kbit/s', '101 Tbit/s']],
  ['host.nic.pcieRate', ['1 Mbit/s', '100 Tbit/s'], ['0 bit/s']],
  ['host.nic.propagation', ['0 us', '100 s'], ['101 s']],
  ['host.nic.dmaRead', ['0 us', '100 s'], ['101 s']],
  [
    'host.nic.moderation',
    ['{ kind: throttle, gap: 100 s }', '{ kind: hold-off, gap: 0 us }'],
    ['{ kind: "on", gap: 1 us }'],
  ],
  ['host.scheduler.tick', ['100 us', '100 s'], ['0 us', '99 us', '101 s']],
  ['host.scheduler.slice', ['1 ps', '100 s'], ['0 us', '101 s']],
  ['host.kvm.halt_poll_ns', ['0', '4294967295'], ['-1', '4294967296']],
  ['host.idleStates', ['[{ name: C9, after: 0 us, exitLatency: 100 s }]'], ['[]']],
  [
    'costs."exit.heavy"',
    ['{ cycles: 0 }', '{ ns: 1e9 }', '{ cycles: 3e9 }'],
    ['{ ns: 1.1e9 }', '{ cycles: 3.1e9 }', '{}'],
  ],
  [
    'costs."copy.perByte"',
    ['{ ns: 1e9 }', '{ ns: 100, sigma: 2 }'],
    ['{ ns: 1e9, sigma: 0.1 }', '{ ns: 1, cv: 11 }'],
  ],
  [
    'costs.syscall',
    ['{ ns: 0, stall: { probability: 100 %, time: 1 s } }'],
    ['{ ns: 0, stall: { probability: 1 %, time: 2 s } }'],
  ],
  ['costs."halt.poll"', ['{ cycles: 0 }'], ['{ cycles: 1 }']],
  ['run.measure', ['1 us', '9007 s'], ['0 us', '999 ns', '9008 s']],
  ['run.seed', ['0', '4294967295'], ['-1', '4294967296', '0.5']],
  ['run.maxEvents', ['1', '4 G'], ['0', '5 G', '-5', '1.5', '.nan']],
];

test.each(ENDS)('%s runs at its ends and is refused beyond them', (where, allowed, beyond) => {
  const all = changed(SHORT, '[native, vhost-net]', '[native, e1000, virtio-net, vhost-net, sriov]');
  const file = write(changed(all, 'warmUp: 200 us', 'warmUp: 0 us'));
  const stream = streams(1, 0).stream(where);
  for (const value of allowed) {
    const result = loadScenario(file, { set: [`${where}=${value}`] });
    if (!result.ok) expect.fail(result.mistakes.map(formatMistake).join('\n'));
    for (let i = 0; i < 5; i++) expect(started(result.loaded, stream), value).toBeNull();
  }
  for (const value of beyond) {
    const result = loadScenario(file, { set: [`${where}=${value}`] });
    expect(result.ok, `${where}=${value}`).toBe(false);
  }
});
