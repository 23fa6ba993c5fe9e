/** `vmio sensitivity` as a user calls it. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TrialResult } from '../experiment/run-trial.ts';
import { firstRunner } from '../experiment/sensitivity/first-run.ts';
import { Study } from '../experiment/sensitivity/study.ts';
import { runTask, type TrialAnswer, type TrialTask } from '../experiment/trial-task.ts';
import type { EffectFigure, SensitivityFigure, ShareFigure } from '../report/sensitivity/figures.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { interrupted, vmio } from './spawned.test-support.ts';

const { folder, load, write } = workspace();
/** A p99 takes 500 requests, of up to some 40 us. */
const PAIR = changed(
  changed(SHORT, '[native, vhost-net]', '[vhost-net, sriov]'),
  'measure: 2 ms, warmUp: 200 us, replications: 2',
  'measure: 30 ms, warmUp: 1 ms, replications: 2',
);
write(PAIR, 'pair.yaml');
const FEW = ['--machines', '4', '--trajectories', '2'];
const ask = (...args: string[]) => vmio(folder, ['sensitivity', 'pair.yaml', ...FEW, ...args]);
const figuresIn = (stdout: string): SensitivityFigure[] =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('sensitivity', () => {
  test('prints how sure the best datapath is, and which cost to measure next, and keeps no journal', () => {
    const { status, stdout, stderr } = ask('--decide', 'lowest rpc p99', '--seed', '3');
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^pair {3}1 point × datapaths = 2, each on 4 plausible machines and along 2 trajectories, seed 3\n\d+ costs that are charged have a range/,
    );
    // A doorbell store and posted interrupts against an exit and the wake-up of a worker: some 10 us apart, more than ranges span.
    expect(stdout).toMatch(
      /^sriov has the lowest p99 of rpc on 4 of 4 plausible machines \(51 % to 100 %\)$/m,
    );
    expect(stdout).toMatch(/^sriov − vhost-net$/m);
    expect(stdout).toMatch(
      /^Measure next .*:\n {2}\S+ \((assumed|published|measured), \d+ to \d+ (cycles|ns)\): over/m,
    );
    expect(existsSync(path.join(folder, 'results', 'pair.sensitivity.trials.jsonl'))).toBe(false);
  });

  test('prints a record for each share, figure and effect with --json, the same whatever --jobs', () => {
    const args = ['--decide', 'rpc p99 < 1 s', '--decide', 'rpc p99: sriov < vhost-net', '--json', '--jobs'];
    const { status, stdout, stderr } = ask(...args, '1');
    expect([status, stderr]).toEqual([0, '']);
    const figures = figuresIn(stdout);
    const shares = figures.filter((each): each is ShareFigure => each.figure === 'share');
    expect(
      shares.map(({ decision, datapaths, count, machines }) => [decision, datapaths, count, machines]),
    ).toEqual([
      ['rpc p99 < 1 s', ['vhost-net'], 4, 4],
      ['rpc p99 < 1 s', ['sriov'], 4, 4],
      ['rpc p99: sriov < vhost-net', ['sriov', 'vhost-net'], 4, 4],
    ]);
    const effects = figures.filter((each): each is EffectFigure => each.figure === 'effect');
    const vhost = effects.filter(({ cost }) => cost.startsWith('vhost.'));
    expect(vhost.length).toBeGreaterThan(0);
    // What a datapath does not charge moves nothing of it.
    expect(vhost.every(({ datapaths }) => datapaths.includes('vhost-net'))).toBe(true);
    expect(effects.every(({ value, low, high }) => value > 0 && high > low)).toBe(true);
    expect(ask(...args, '3')).toEqual({ status, stdout, stderr });
  });

  test('says beforehand how much there is to do, and does not do it, with --dry-run', () => {
    const { status, stdout } = ask('--dry-run');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+ trials: each datapath on 4 machines/m);
    expect(stdout).toMatch(/^about \d.* on \d+ workers?\n$/m);
    expect(stdout).not.toContain('Measure next');
  });

  test.each([
    [['--decide', 'whatever'], 'vmio: decision "whatever" decides nothing: say an objective'],
    [['--decide', 'p99: sriov < vdpa'], 'the scenario has no datapath "vdpa"'],
    [['--decide', 'p99.99 < 1 ms'], 'vhost-net has no such figure; a percentile needs five requests'],
    [['--machines', '1'], 'expected a whole number from 2'],
    [['--set', 'machine=profiles/textbook.yaml'], 'no cost that is charged has a range'],
  ])('refuses %j and says why', (args, said) => {
    const { status, stdout, stderr } = ask(...args, '--quiet');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(said);
  });
});

describe('a trial that fails', () => {
  const { points } = load(PAIR);
  const [point] = points;
  const runOf = (task: TrialTask): TrialResult =>
    (runTask(task) as Extract<TrialAnswer, { kind: 'trial' }>).result;
  const study = new Study(
    point.scenario.datapaths.map((datapath) => {
      const runner = firstRunner(point, datapath);
      runner.take(runTask(runner.next() as TrialTask));
      return runner.result();
    }),
    { machines: 4, trajectories: 2, seed: 1 },
  );
  const events = study.variants.map((variant) => runOf(study.task(variant)).events);
  /** Enough for all but those that need most. */
  const most = Math.max(...events) - 1;

  test('on some machine leaves that machine out, and is named by a command that repeats it', () => {
    const failed = events.filter((each) => each > most).length;
    const set = ['--set', `run.maxEvents=${most}`];
    const { status, stdout, stderr } = ask(...set, '--decide', 'rpc p99 < 1 s', '--quiet');
    expect(status).toBe(0);
    expect(stdout).toContain('vhost-net holds rpc p99 < 1 s on');
    const [, said, replay, count] =
      /^vmio: (.*)\n {2}Run this trial alone with: vmio (.*)\n(\d+) trials? of \d+ failed; .* left out\n$/.exec(
        stderr,
      ) ?? [];
    expect(Number(count)).toBe(failed);
    const args = [...replay.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word);
    const again = vmio(folder, args);
    expect([again.status, again.stderr]).toEqual([1, `vmio: ${said}\n`]);
  });

  test('as the scenario says ends the command', () => {
    const { status, stdout, stderr } = ask('--set', 'run.maxEvents=1000', '--quiet');
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Run this trial alone with: vmio replay pair.yaml');
  });
});

describe('^C', () => {
  test('ends with 130, and the same command goes on', async () => {
    const args = ['sensitivity', 'pair.yaml', '--machines', '4', '--trajectories', '200', '--jobs', '1'];
    const { status, stderr } = await interrupted(folder, args, 'trials:');
    expect(status).toBe(130);
    expect(stderr).toMatch(
      /interrupted: the same command goes on from what is kept in .*pair\.sensitivity\.trials\.jsonl\n$/,
    );
    // Fewer trajectories are the first ones of many.
    const again = ask();
    expect(again.status).toBe(0);
    expect(again.stdout).toMatch(/^goes on from a run that was stopped, with \d+ trials? finished$/m);
    expect(existsSync(path.join(folder, 'results', 'pair.sensitivity.trials.jsonl'))).toBe(false);
    expect(again.stdout.replace(/^goes on .*\n/m, '')).toBe(ask().stdout);
  });
});
