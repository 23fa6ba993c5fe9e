/** `vmio validate` in a process of its own, on cases that it has never seen: new files only. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../report/csv.ts';
import { PRICES, VALIDATION } from '../report/layout.ts';
import { changed, placeOf, workspace } from '../scenario/workspace.test-support.ts';
import { hashes, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
const inFolder = (...names: string[]): string => path.join(folder, ...names);

/** The core is the only server: an M/D/1 at load 0.5 takes 1.5 services. */
const QUEUE = `title: A queue
question: How long?
machine: ../profiles/textbook.yaml
vms: { vm: {} }
workloads: { bulk: { vm: vm, kind: open-loop, direction: transmit, arrivals: poisson, rate: 500 k/s, size: 60 B } }
datapaths: [native]
costs: { stack.tx: { ns: 1000 } }
run: { measure: 20 ms, warmUp: 1 ms, replications: 5 }
reference:
  kind: theory
  source: a book on queues
  figures: [{ metric: latency.mean, workload: bulk, model: M/D/1, arrivals: 500 k/s, service: 1 us, tolerance: 5 % }]
`;

/** A peer that takes 20 us, nothing else costs anything; and what counts of a kick the table has. */
const ROUND = `title: A round trip
question: How long?
machine: ../profiles/textbook.yaml
vms: { vm: {} }
workloads: { rpc: { vm: vm, kind: request-response, service: 20 us } }
datapaths: [native, vhost-net]
cases: { only: {} }
costs: { exit.kick: { ns: 1000, kind: published, source: table 2 of the paper } }
run: { measure: 20.01 ms, warmUp: 1 ms, replications: 2 }
`;
const PAPER = `${ROUND}reference:
  kind: published
  source: a paper on round trips
  figures:
    - { name: one way, metric: latency.mean, workload: rpc, datapath: vhost-net, as: half of a round trip, measured: 10 us, without: { datapath: native, because: no exit for the kick } }
`;
const COUNTED = `${ROUND}reference:
  { kind: counted, source: a driver that was counted, counts: counts.csv, device: newcard, options: packed, datapath: vhost-net, operations: { only: { workload: rr, size: 1 } } }
`;
const counts = (kicks: string): string =>
  `device,options,workload,size,qd,metric,per_op,min,max,repeats,structural
newcard,packed,rr,1,1,kicks,${kicks},${kicks},${kicks},3,yes
`;

write(QUEUE, 'good/queue.yaml');
write(PAPER, 'good/paper.yaml');
write(COUNTED, 'good/card.yaml');
write(counts('1'), 'good/counts.csv');

const validate = (...args: string[]) => vmio(folder, ['validate', ...args]);
const rowsIn = (out: string) =>
  readCsv(VALIDATION, readFileSync(inFolder(out, 'validation/validation.csv'), 'utf8'));

describe('a folder of new cases', () => {
  const ended = validate('good');

  test('is run, shown and written, theory first, and ends with 0', () => {
    expect(ended.stderr).toBe('');
    expect(ended.status).toBe(0);
    const kinds = [...ended.stdout.matchAll(/^(theory|counted|published):/gm)].map(([, kind]) => kind);
    expect(kinds).toEqual(['theory', 'counted', 'published']);
    expect(ended.stdout).toMatch(/only +in range: 1 of 1 structural/);
    // The kick leaves before the frame does: 1 us of 21; half of it is printed, and bare metal has none.
    expect(ended.stdout).toMatch(/one way +10\.5 µs +10\.0 µs +\+5\.0 % +10\.0 µs +0\.0 %/);
    expect(ended.stdout).toMatch(/exit\.kick +1000 ns +1(\.00)? {2}table 2 of the paper/);
    expect(ended.stdout).toContain(`wrote results${path.sep}validation`);
  });

  test('leaves tables that can be read back, and a manifest that names their hashes', () => {
    const rows = rowsIn('results');
    expect(rows.map(({ scenario, judgement }) => [scenario, judgement])).toEqual([
      ['queue', 'held'],
      ['card', 'held'],
      ['paper', 'shown'],
    ]);
    expect(rows[0].reference_low).toBeCloseTo(1500, 6);
    const prices = readCsv(PRICES, readFileSync(inFolder('results/validation/prices.csv'), 'utf8'));
    expect(prices.find(({ cost }) => cost === 'exit.kick')).toMatchObject({ ns: 1000, given_by: 'case' });
    const manifest = JSON.parse(readFileSync(inFolder('results/validation/manifest.json'), 'utf8'));
    expect(manifest.command).toBe('vmio validate queue card paper');
    const written = hashes(inFolder('results/validation'));
    for (const [name, hash] of Object.entries(manifest.files)) expect(written[name]).toBe(hash);
  });

  test('gives the same bytes again, one trial at a time, and JSON for each figure', () => {
    const again = validate('good', '--jobs', '1', '--json', '--out', 'again');
    expect(again.status).toBe(0);
    expect(hashes(inFolder('again/validation'))).toEqual(hashes(inFolder('results/validation')));
    const lines = again.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ figure }) => figure)).toEqual(['M/D/1 at load 0.5: W', 'kicks', 'one way']);
  });
});

describe('a case that reality or theory contradicts', () => {
  write(COUNTED, 'bad/card.yaml');
  write(counts('2'), 'bad/counts.csv');

  test('is shown with its figures and ends with 1; quiet says it on standard error', () => {
    const ended = validate('bad', '--out', 'bad-out');
    expect(ended.status).toBe(1);
    expect(ended.stdout).toMatch(/kicks +1 +2 +−50\.0 %/);
    const quiet = validate('bad/card.yaml', '--quiet', '--out', 'bad-out');
    expect([quiet.status, quiet.stdout]).toEqual([1, '']);
    expect(quiet.stderr).toContain('failed: card, kicks: 1');
  });

  test('but a published miss is only shown', () => {
    write(changed(PAPER, 'measured: 10 us', 'measured: 90 us'), 'miss/paper.yaml');
    const ended = validate('miss', '--out', 'miss-out');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain('0 of 1 figures within 10 %');
  });
});

describe('wrong input', () => {
  test('is told with its place, and nothing is run', () => {
    const text = changed(COUNTED, 'device: newcard', 'device: newcrad');
    write(text, 'wrong/card.yaml');
    write(counts('1'), 'wrong/counts.csv');
    const told = `card.yaml:${placeOf(text, 'newcrad')}: reference.device: counts.csv has no "newcrad" here — did you mean "newcard"?`;
    for (const command of ['validate', 'check']) {
      const ended = vmio(folder, [command, 'wrong/card.yaml']);
      expect([ended.status, ended.stdout]).toEqual([2, '']);
      expect(ended.stderr).toContain(told);
    }
  });

  test('is a scenario without a reference, an empty folder, and a name that nothing has', () => {
    write(ROUND, 'bare/round.yaml');
    expect(validate('bare').stderr).toContain('has no `reference:`');
    write('', 'empty/readme.txt');
    const empty = validate('empty');
    expect([empty.status, empty.stderr]).toEqual([2, 'vmio: there is no case in empty\n']);
    const unknown = validate('no-such-case');
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain('there is no such file');
    expect(existsSync(inFolder('results/no-such-case'))).toBe(false);
  });
});

test('a shipped case is called by its name', () => {
  const ended = validate('wire-time', '--out', 'named');
  expect(ended.status).toBe(0);
  expect(rowsIn('named').map(({ error }) => Math.abs(error ?? 1) < 0.001)).toEqual(Array(7).fill(true));
});
