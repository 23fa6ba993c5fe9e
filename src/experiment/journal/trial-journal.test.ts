/** What a journal has been given is found again, whatever has happened to its end; and nothing else is. */
import { appendFileSync, existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SHORT, workspace } from '../../scenario/workspace.test-support.ts';
import { us } from '../../units.ts';
import { runTask, type TrialTask } from '../trial-task.ts';
import { fromJson, toJson } from './plain-json.ts';
import { TrialJournal } from './trial-journal.ts';
import { trialKey } from './trial-key.ts';

const { load, folder } = workspace();
const point = load(SHORT).points[0];
const task = (replication: number, of = point, datapath = 'native'): TrialTask => ({
  kind: 'trial',
  point: of,
  datapath,
  replication,
  warmUp: us(100),
});

const fileOf = (name: string): string => path.join(folder, `${name}.jsonl`);

/** A journal of its own file with the answers to these replications. */
const filled = (name: string, replications: readonly number[]): string => {
  const journal = new TrialJournal(fileOf(name), 'code');
  for (const each of replications) journal.append(task(each), runTask(task(each)));
  journal.close();
  return fileOf(name);
};

const found = (file: string, replications: readonly number[], code = 'code'): boolean[] => {
  const journal = new TrialJournal(file, code);
  const answers = replications.map((each) => journal.find(task(each)) !== null);
  journal.close();
  return answers;
};

describe('a journal', () => {
  test('answers what was asked before, to the last digit', () => {
    const journal = new TrialJournal(filled('same', [1, 2]), 'code');
    expect(journal.find(task(2))).toEqual(runTask(task(2)));
    expect(journal.find(task(3))).toBeNull();
    expect(journal.taken).toBe(1);
  });

  test('is no file before there is something in it, and none any more when the run is over', () => {
    const journal = new TrialJournal(fileOf('none'), 'code');
    expect(existsSync(fileOf('none'))).toBe(false);
    journal.append(task(1), runTask(task(1)));
    expect(existsSync(fileOf('none'))).toBe(true);
    journal.remove();
    expect(existsSync(fileOf('none'))).toBe(false);
  });

  test('cut off anywhere has all whole lines, and takes more', () => {
    const whole = readFileSync(filled('whole', [1, 2, 3]));
    const first = whole.indexOf(10) + 1;
    const second = whole.indexOf(10, first) + 1;
    fc.assert(
      fc.property(fc.nat(whole.length), (length) => {
        const file = fileOf('cut');
        writeFileSync(file, whole);
        truncateSync(file, length);
        const has = [first, second, whole.length].map((end) => length >= end);
        expect(found(file, [1, 2, 3])).toEqual(has);
        const journal = new TrialJournal(file, 'code');
        journal.append(task(3), runTask(task(3)));
        journal.close();
        expect(found(file, [1, 2, 3])).toEqual([has[0], has[1], true]);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  test('joined with another one has what both have', () => {
    const file = filled('one', [1, 2]);
    appendFileSync(file, readFileSync(filled('other', [2, 4])));
    expect(found(file, [1, 2, 3, 4])).toEqual([true, true, false, true]);
  });

  test('of other code answers nothing', () => {
    expect(found(filled('old', [1]), [1], 'newer code')).toEqual([false]);
  });
});

describe('the key of a trial', () => {
  const key = (of: TrialTask, code = 'code') => trialKey(of, code);
  const other = (set: string) => load(SHORT, { set: [set] }).points[0];

  test.each(['run.replications=7', 'title=Another', 'datapaths=[native]', 'expect=[]'])(
    'does not know %s',
    (set) => {
      expect(key(task(1, other(set)))).toBe(key(task(1)));
    },
  );

  test.each([
    'run.seed=2',
    'run.measure=3 ms',
    'costs={ app.work: { cycles: 1, kind: assumed, source: nobody knows } }',
    'host.cores=4',
  ])('knows %s', (set) => {
    expect(key(task(1, other(set)))).not.toBe(key(task(1)));
  });

  test('knows replication, datapath, warm-up, whether it is a pilot, and the code', () => {
    const pilot: TrialTask = { kind: 'pilot', point, datapath: 'native' };
    const all = [
      task(1),
      task(2),
      task(1, point, 'vhost-net'),
      { ...task(1), warmUp: us(200) } as TrialTask,
      pilot,
    ].map((each) => key(each));
    expect(new Set([...all, key(task(1), 'other')]).size).toBe(6);
  });
});

test('results are the same after a way through JSON', () => {
  const value = fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.integer());
  const result = fc.record({
    list: fc.array(value),
    map: fc.array(fc.tuple(fc.string(), value)).map((entries) => new Map(entries)),
  });
  fc.assert(
    fc.property(result, (each) => {
      expect(fromJson(toJson(each))).toEqual(each);
    }),
    { seed: 1, examples: [[{ list: [Number.NaN, -0, Number.POSITIVE_INFINITY], map: new Map() }]] },
  );
});
