/** `--jobs`: more threads change the time that a run takes, and not a byte of what it says. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { hashes, otherNode, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
/** One case finds its warm-up on a pilot, one asks for a precision that takes more replications. */
const TEXT = `${changed(SHORT, 'measure: 2 ms', 'measure: 1 ms')}cases:
  pilot: { run.warmUp: auto, run.measure: 5 ms }
  precise: { run.precision: 1 %, run.maxReplications: 7 }
  one: { datapaths: [vhost-net], run.replications: 5 }
`;
write(TEXT, 'jobs.yaml');
write(`${TEXT}  spent: { run.maxEvents: 500 }\n  over: { run.maxEvents: 600 }\n  after: {}\n`, 'spent.yaml');

const run = (name: string, jobs: number, node = process.execPath) => {
  const args = ['run', `${name}.yaml`, '--jobs', String(jobs), '--out', `${name}-${jobs}`, '--no-charts'];
  return vmio(folder, args, node);
};

describe('--jobs', () => {
  const one = run('jobs', 1);
  const bytes = hashes(path.join(folder, 'jobs-1/jobs'));

  test('1 runs all trials, more of them where precision is asked for', () => {
    expect(one).toMatchObject({ status: 0, stderr: '' });
    const { points } = JSON.parse(readFileSync(path.join(folder, 'jobs-1/jobs/manifest.json'), 'utf8'));
    const counts = points.map(({ replications }: { replications: number }) => replications);
    expect(counts).toEqual([2, 2, expect.any(Number), expect.any(Number), 5]);
    expect(Math.min(counts[2], counts[3])).toBeGreaterThan(2);
    expect(one.stdout).toContain(`\n${counts.reduce((a: number, b: number) => a + b)} trials in `);
  });

  test.each([2, 3, 16])('%i writes the same bytes and prints the same lines', (jobs) => {
    const { status, stdout, stderr } = run('jobs', jobs);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const comparable = (text: string): string => text.replace(/in .* s\n/, '').replaceAll(/jobs-\d+/g, '');
    expect(comparable(stdout)).toBe(comparable(one.stdout));
    expect(hashes(path.join(folder, `jobs-${jobs}/jobs`))).toEqual(bytes);
  });

  test('is as many as there are cores where it is not given, and never more than trials', () => {
    const args = ['run', 'jobs.yaml', '--out', 'default', '--no-charts', '--quiet'];
    expect(vmio(folder, args).status).toBe(0);
    expect(hashes(path.join(folder, 'default/jobs'))).toEqual(bytes);
    const log = (out: string) =>
      JSON.parse(readFileSync(path.join(folder, out, 'jobs/run.log.json'), 'utf8'));
    expect(log('default').jobs).toBeGreaterThanOrEqual(1);
    expect(log('default').jobs).toBeLessThanOrEqual(log('default').host.cpus);
    // 2 × 2 replications, twice, and 5.
    expect(log('jobs-16').jobs).toBe(13);
  });

  test('writes the same CSV, YAML and JSON under another version of Node', (context) => {
    const other = otherNode();
    if (other === null) return context.skip('only one version of Node on this machine');
    const { status, stderr } = vmio(
      folder,
      ['run', 'jobs.yaml', '--jobs', '3', '--out', 'other', '--no-charts'],
      other.file,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(hashes(path.join(folder, 'other/jobs'))).toEqual(bytes);
  });

  test.each([1, 2, 3])(
    '%i leaves out the points that fail, says so in order, and keeps the others',
    (jobs) => {
      const { status, stderr } = run('spent', jobs);
      expect(status).toBe(1);
      const kept = path.join(`spent-${jobs}`, 'spent');
      const lines = stderr.split('\n');
      for (const [i, [datapath, budget]] of [
        ['native', 500],
        ['vhost-net', 500],
        ['native', 600],
        ['vhost-net', 600],
      ].entries()) {
        expect(lines[2 * i]).toMatch(
          new RegExp(`^vmio: the run used up its budget of ${budget} events .* or raise run\\.maxEvents$`),
        );
        expect(lines[2 * i + 1]).toMatch(
          new RegExp(`^ {2}Run this trial alone with: vmio replay spent\\.yaml .*--datapath ${datapath} `),
        );
      }
      expect(lines.slice(8)).toEqual([
        `4 points failed: 7 finished points kept in ${kept}`,
        `the same command goes on from what is kept in ${kept}.trials.jsonl`,
        '',
      ]);
      const manifest = JSON.parse(readFileSync(path.join(folder, kept, 'manifest.json'), 'utf8'));
      expect([manifest.complete, manifest.points.length]).toEqual([false, 7]);
      expect(manifest.failed.map(({ datapath, at }: FailedEntry) => `${at['case']} ${datapath}`)).toEqual([
        'spent native',
        'spent vhost-net',
        'over native',
        'over vhost-net',
      ]);
    },
  );
});

interface FailedEntry {
  readonly datapath: string;
  readonly at: Readonly<Record<string, string>>;
}
