/** A run that is stopped, killed, or has no room on the disk: earlier results stay, finished points are kept. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../report/csv.ts';
import { SUMMARY } from '../report/layout.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { BIN, hashes, interrupted, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
const TINY = changed(SHORT, 'measure: 2 ms', 'measure: 1 ms');
write(TINY, 'tiny.yaml');
/** The points of the first case are over at once; a single trial of the second takes minutes. */
write(`${TINY}cases: { fast: { run.measure: 1 us }, slow: { run.measure: 500 s } }\n`, 'long.yaml');
/** Makes all of `long.yaml` short. */
const ALL_FAST = ['--set', 'cases.slow={ run.measure: 1 us }'];

const inFolder = (...names: string[]): string => path.join(folder, ...names);
const manifestIn = (...names: string[]) =>
  JSON.parse(readFileSync(inFolder(...names, 'manifest.json'), 'utf8'));

/** What is said of the trials of `long.yaml` that are finished. */
const goesOn = (out: string): string =>
  `the same command goes on from what is kept in ${path.join(out, 'long.trials.jsonl')}\n`;

describe('^C', () => {
  test('in the middle of a trial ends with 130 at once, and keeps the points that are finished', async () => {
    const args = ['run', 'tiny.yaml', 'long.yaml', 'again/tiny2.yaml', '--no-charts', '--out', 'stopped'];
    write(TINY.replace('profiles/', '../profiles/'), 'again/tiny2.yaml');
    const began = performance.now();
    const { status, stderr } = await interrupted(folder, args, 'long   ');
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(status).toBe(130);
    expect(stderr).toBe(
      `interrupted: 2 finished points kept in ${path.join('stopped', 'long')}\n${goesOn('stopped')}not begun: tiny2\n`,
    );
    expect(readdirSync(inFolder('stopped')).sort()).toEqual(['long', 'long.trials.jsonl', 'tiny']);
    expect(manifestIn('stopped/tiny').complete).toBe(true);
    const { complete, points } = manifestIn('stopped/long');
    expect(complete).toBe(false);
    expect(points).toHaveLength(2);
    const rows = readCsv(SUMMARY, readFileSync(inFolder('stopped/long/summary.csv'), 'utf8'));
    const kept = new Set(rows.map(({ datapath, swept }) => `${datapath} ${swept['case']}`));
    expect([...kept]).toEqual(['native fast', 'vhost-net fast']);
  });

  test('in a rerun leaves the earlier results as they were, and the finished points beside them', async () => {
    const out = ['--no-charts', '--out', 'rerun'];
    expect(vmio(folder, ['run', 'long.yaml', ...ALL_FAST, ...out]).status).toBe(0);
    const earlier = hashes(inFolder('rerun/long'));
    for (const name of ['long.partial', 'long.partial-2']) {
      const { status, stderr } = await interrupted(folder, ['run', 'long.yaml', ...out], 'long   ');
      expect(status).toBe(130);
      const kept = path.join('rerun', name);
      const unharmed = path.join('rerun', 'long');
      expect(stderr).toBe(
        `interrupted: 2 finished points kept in ${kept}; ${unharmed} is as it was\n${goesOn('rerun')}`,
      );
      expect(manifestIn(kept).complete).toBe(false);
      expect(hashes(inFolder('rerun/long'))).toEqual(earlier);
    }
  });

  test('is what a batch system means by SIGTERM', async () => {
    const args = ['run', 'long.yaml', '--no-charts', '--out', 'ended'];
    const { status, stderr } = await interrupted(folder, args, 'long   ', ['SIGTERM']);
    expect(status).toBe(130);
    expect(stderr).toBe(
      `interrupted: 2 finished points kept in ${path.join('ended', 'long')}\n${goesOn('ended')}`,
    );
  });

  test('before any point is finished writes nothing and says so', async () => {
    const args = ['run', 'long.yaml', '--set', 'cases.fast={ run.measure: 500 s }', '--out', 'none'];
    const { status, stderr } = await interrupted(folder, args, 'long   ');
    expect(status).toBe(130);
    expect(stderr).toBe('interrupted before any point had two trials; nothing was written\n');
    expect(readdirSync(inFolder('none'))).toEqual([]);
  });

  test('a second time changes nothing about that', async () => {
    const args = ['run', 'long.yaml', '--no-charts', '--out', 'twice'];
    const { status } = await interrupted(folder, args, 'long   ', ['SIGINT', 'SIGINT']);
    expect(status).toBe(130);
    const folders = readdirSync(inFolder('twice')).filter((name) => !name.endsWith('.jsonl'));
    for (const name of folders) expect(manifestIn('twice', name).complete).toBe(false);
  });
});

test('kill -9 leaves the earlier results as they were', async () => {
  expect(vmio(folder, ['run', 'long.yaml', ...ALL_FAST, '--out', 'killed']).status).toBe(0);
  const earlier = hashes(inFolder('killed/long'));
  const args = ['run', 'long.yaml', '--out', 'killed'];
  const { status } = await interrupted(folder, args, 'long   ', ['SIGKILL']);
  expect(status).toBe(null);
  expect(hashes(inFolder('killed/long'))).toEqual(earlier);
});

test('kill -9 at any moment costs no finished trial, and what goes on from there gives the same bytes', async () => {
  const sweep = 'sweep: { run.seed: { from: 1, to: 60, by: 1 } }';
  write(`${changed(TINY, 'replications: 2', 'replications: 5')}${sweep}\n`, 'sweep.yaml');
  const run = ['run', 'sweep.yaml', '--no-charts', '--out'];
  expect(vmio(folder, [...run, 'whole', '--jobs', '1']).status).toBe(0);
  const journal = inFolder('torn', 'sweep.trials.jsonl');
  const lines = (): number => (existsSync(journal) ? readFileSync(journal, 'utf8').split('\n').length : 0);
  // A busy machine takes longer to begin.
  for (let [wait, kills, before] = [700, 0, 0]; kills < 3 && wait < 30_000; wait *= 1.4) {
    spawnSync(process.execPath, [BIN, ...run, 'torn'], {
      cwd: folder,
      timeout: Math.round(wait),
      killSignal: 'SIGKILL',
    });
    expect(lines()).toBeGreaterThanOrEqual(before);
    if (lines() > before) kills++;
    before = lines();
  }
  const { status, stdout } = vmio(folder, [...run, 'torn']);
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^goes on from a run that was stopped, with \d+ trials? finished$/m),
  ]);
  const left = (out: string) => hashes(inFolder(out, 'sweep'));
  expect(left('torn')).toEqual(left('whole'));
  expect(readdirSync(inFolder('torn'))).toEqual(['sweep']);
});

// A limit on the size of a file stands for a full disk: the write fails in the same way.
test('a disk without room ends with 2, says so, and leaves the earlier results as they were', (context) => {
  if (process.platform === 'win32') return context.skip('no ulimit');
  expect(vmio(folder, ['run', 'tiny.yaml', '--out', 'full']).status).toBe(0);
  const earlier = hashes(inFolder('full/tiny'));
  const command = `ulimit -f 8; exec "$0" "$@"`;
  const args = [process.execPath, BIN, 'run', 'tiny.yaml', '--seed', '2', '--quiet', '--out', 'full'];
  const { status, stderr } = spawnSync('bash', ['-c', command, ...args], { cwd: folder, encoding: 'utf8' });
  expect(status).toBe(2);
  const kept = path.join('full', 'tiny.trials.jsonl');
  expect(stderr).toBe(
    `vmio: finished trials cannot be kept in ${kept} (EFBIG); a later run would do them again\nvmio: the results could not be written; ${path.join('full', 'tiny')} is as it was\nvmio: EFBIG: file too large, write\n`,
  );
  expect(hashes(inFolder('full/tiny'))).toEqual(earlier);
  expect(readdirSync(inFolder('full')).filter((name) => !name.endsWith('.jsonl'))).toEqual(['tiny']);
});

test('a trial that fails leaves the earlier results as they were', () => {
  expect(vmio(folder, ['run', 'tiny.yaml', '--out', 'failed', '--no-charts']).status).toBe(0);
  const earlier = hashes(inFolder('failed/tiny'));
  const args = ['run', 'tiny.yaml', '--out', 'failed', '--set', 'run.maxEvents=500'];
  const { status, stderr } = vmio(folder, args);
  expect(status).toBe(1);
  expect(stderr).toMatch(/\nevery point failed; nothing was written\n$/);
  expect(hashes(inFolder('failed/tiny'))).toEqual(earlier);
  expect(existsSync(inFolder('failed/tiny.partial'))).toBe(false);
});
