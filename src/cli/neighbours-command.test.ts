/** `vmio neighbours` as a user calls it. */
import { describe, expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
const PAIR = `title: Pair
question: Who hurts whom?
machine: profiles/server-3ghz.yaml
vms:
  web: { pin: { vcpus: [0], backend: 2 } }
  backup: { pin: { vcpus: [1], backend: 2 } }
workloads:
  rpc: { vm: web, kind: request-response, service: 5 us }
  bulk: { vm: backup, kind: open-loop, direction: transmit, arrivals: poisson, rate: 100 k/s, size: 64 B }
datapaths: [vhost-net, sriov]
run: { measure: 10 ms, warmUp: 1 ms, replications: 2 }
`;
write(PAIR, 'pair.yaml');
write(SHORT, 'lonely.yaml');

describe('neighbours', () => {
  test('prints a matrix for each datapath, with fairness and price, and ends with 0', () => {
    const { status, stdout, stderr } = vmio(folder, ['neighbours', 'pair.yaml', '--seed', '3']);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^pair {3}1 point × VMs alone, in pairs and all together = 3, 12 trials or more, seed 3\n/,
    );
    for (const datapath of ['vhost-net', 'sriov']) expect(stdout).toMatch(new RegExp(`^${datapath}$`, 'm'));
    expect(stdout.match(/^p99 +alone +with web +with backup$/gm)).toHaveLength(2);
    expect(stdout.match(/^web: rpc .+ · /gm)).toHaveLength(2);
    expect(stdout.match(/^fairness: Jain's index /gm)).toHaveLength(2);
    // The workers share core 2; a virtual function has none.
    expect(stdout).toContain('price of isolation: 4 instead of 3 cores for 2 VMs');
    expect(stdout).toContain('price of isolation: no further core, as the 2 VMs have 2 to themselves');
  });

  test('prints a record for each cell and figure with --json, the same whatever --jobs', () => {
    const run = (jobs: string) => vmio(folder, ['neighbours', 'pair.yaml', '--json', '--jobs', jobs]);
    const { status, stdout, stderr } = run('1');
    expect([status, stderr]).toEqual([0, '']);
    const figures = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(figures.filter(({ figure }) => figure === 'p99')).toHaveLength(2 * 2 * 2);
    expect(figures.filter(({ figure }) => figure === 'throughput.jain')).toHaveLength(2);
    expect(run('3')).toEqual({ status, stdout, stderr });
  });

  test('prints the answer alone with --quiet', () => {
    const { status, stdout } = vmio(folder, ['neighbours', 'pair.yaml', '--quiet']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^vhost-net\np99 /);
  });

  test('refuses a scenario without two VMs that have workloads, and says what to do', () => {
    const { status, stdout, stderr } = vmio(folder, ['neighbours', 'lonely.yaml']);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(
      /^lonely\.yaml:\d+:\d+: vms: neighbours are two VMs .* only web has any: add another VM/,
    );
    expect(vmio(folder, ['neighbours', 'missing.yaml']).status).toBe(2);
  });

  test('refuses more VMs than a matrix can show', () => {
    const { status, stderr } = vmio(folder, ['neighbours', 'pair.yaml', '--set', 'vms.web.count=16']);
    expect(status).toBe(2);
    expect(stderr).toContain(
      'vms: 17 VMs have workloads, and neighbours are told apart up to 16: lower a count',
    );
  });

  test('names the case that has too few', () => {
    const one = '{ rpc: { vm: web, kind: request-response } }';
    write(`${PAIR}cases: { both: {}, one: { workloads: ${one} } }\n`, 'cases.yaml');
    const { status, stderr } = vmio(folder, ['neighbours', 'cases.yaml']);
    expect(status).toBe(2);
    expect(stderr).toContain('only web has any at case one: add');
  });
});

describe('a trial that fails', () => {
  // More events than the client alone needs, fewer than the sender does.
  write(changed(PAIR, 'replications: 2', 'replications: 2, maxEvents: 5000'), 'spent.yaml');

  test('is named by a command that repeats it', () => {
    const { status, stderr } = vmio(folder, ['neighbours', 'spent.yaml', '--jobs', '1']);
    expect(status).toBe(1);
    const [, said, replay] = /^vmio: (.*)\n {2}Run this trial alone with: vmio (.*)$/m.exec(stderr) ?? [];
    expect(replay).toMatch(/^replay spent\.yaml --neighbours --datapath \S+ --replication \d+ --point \d+$/);
    const again = vmio(folder, replay.split(' '));
    expect(again.status).toBe(1);
    expect(again.stderr).toBe(`vmio: ${said}\n`);
  });

  test('is not repeated by a point that is not there', () => {
    const args = ['--datapath', 'sriov', '--replication', '1', '--point', '3'];
    expect(vmio(folder, ['replay', 'pair.yaml', '--neighbours', ...args]).stderr).toContain(
      'points 0 to 2, not 3',
    );
  });
});
