/** What goes wrong ends with the status that says whose fault it is, and a bug names the trial that shows it. */
import { describe, expect, test, vi } from 'vitest';
import { InvariantError } from '../accounting/invariant.ts';
import { BudgetError, SimulationError } from '../kernel/simulation.ts';
import { explain } from './failure.ts';
import { replayOf } from './load-or-explain.ts';

const said = (error: unknown, replay = ''): { status: number; text: string } => {
  let text = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  const status = explain(error, replay);
  write.mockRestore();
  return { status, text };
};

describe('a failure', () => {
  test.each([new InvariantError('core0 misses 5 ps'), new SimulationError('an event in the past')])(
    '%o is our bug: 3, and the command that shows it',
    (error) => {
      const { status, text } = said(error, 'vmio replay x.yaml --replication 3');
      expect(status).toBe(3);
      expect(text).toContain(error.message);
      expect(text).toContain('a bug of vmio');
      expect(text).toContain('Run this trial alone with: vmio replay x.yaml --replication 3');
    },
  );

  test('that nobody foresaw is our bug too, with its stack', () => {
    const { status, text } = said(new TypeError('x is not a function'), 'vmio replay x.yaml');
    expect(status).toBe(3);
    expect(text).toMatch(/TypeError: x is not a function\n\s+at /);
    expect(text).toContain('vmio replay x.yaml');
    expect(said('thrown text').status).toBe(3);
  });

  test('of a budget is the scenario, and says which trial it was', () => {
    const { status, text } = said(new BudgetError('the run used up its budget'), 'vmio replay s.yaml');
    expect(status).toBe(1);
    expect(text).toMatch(/^vmio: the run used up its budget\n {2}Run this trial alone with: vmio replay /);
    expect(text).not.toContain('bug');
  });

  test('of the file system is the surroundings', () => {
    const error = Object.assign(new Error("EACCES: permission denied, mkdir 'results'"), { code: 'EACCES' });
    const { status, text } = said(error);
    expect(status).toBe(2);
    expect(text).toBe("vmio: EACCES: permission denied, mkdir 'results'\n");
  });
});

describe('the command that repeats a trial', () => {
  const trial = { datapath: 'vhost-net', replication: 3, point: 7 };

  test('names file, datapath, replication and point', () => {
    expect(replayOf('dir/s.yaml', {}, trial)).toBe(
      'vmio replay dir/s.yaml --datapath vhost-net --replication 3 --point 7',
    );
  });

  test('carries the options, quoted for a shell', () => {
    const options = {
      set: ['vms.web.pin={ vcpus: [0] }', "title=it's"],
      sweep: ['run.seed=[1, 2]'],
      seed: 5,
    };
    expect(replayOf('s.yaml', options, trial)).toBe(
      "vmio replay s.yaml --set 'vms.web.pin={ vcpus: [0] }' --set 'title=it'\\''s' --sweep 'run.seed=[1, 2]' --seed 5 --datapath vhost-net --replication 3 --point 7",
    );
  });

  test('quotes a file name that a shell would take apart', () => {
    expect(replayOf('my scenario.yaml', {}, trial)).toContain("vmio replay 'my scenario.yaml' ");
    expect(replayOf('$(rm).yaml', {}, trial)).toContain("'$(rm).yaml'");
  });
});
