/** What a newcomer types first: help, version, list, init, check, schema. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { datapaths } from '../datapaths/index.ts';
import { METRICS } from '../scenario/metrics.ts';
import { placeOf, SCENARIOS, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { BIN, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();

describe('help', () => {
  test('is printed on request, of vmio and of each command, and ends with 0', () => {
    const { status, stdout } = vmio(folder, ['--help']);
    expect(status).toBe(0);
    const commands = [
      'run',
      'check',
      'validate',
      'replay',
      'list',
      'schema',
      'init',
      'import',
      'merge',
      'diff',
      'neighbours',
      'sensitivity',
    ];
    for (const name of commands) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
    expect(vmio(folder, ['run', '--help'])).toMatchObject({ status: 0, stderr: '' });
    expect(vmio(folder, ['help', 'check']).status).toBe(0);
  });

  test('--version is that of the package', () => {
    const { version } = JSON.parse(readFileSync(path.join(SCENARIOS, '../package.json'), 'utf8'));
    expect(vmio(folder, ['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
  });
});

describe('list', () => {
  test('shows every scenario with its question, every profile, datapath and metric', () => {
    const { status, stdout } = vmio(folder, ['list']);
    expect(status).toBe(0);
    expect(stdout.match(/^\S+$/gm)).toEqual(['scenarios', 'cases', 'profiles', 'datapaths', 'metrics']);
    const names = readdirSync(SCENARIOS).filter((name) => name.endsWith('.yaml'));
    for (const name of names) {
      const { question } = parse(readFileSync(path.join(SCENARIOS, name), 'utf8'));
      expect(stdout).toMatch(new RegExp(`^ {2}${name.replace('.', '\\.')} `, 'm'));
      expect(stdout).toContain(question);
    }
    for (const name of readdirSync(path.join(SCENARIOS, 'profiles'))) expect(stdout).toContain(`  ${name} `);
    for (const { kind, summary } of datapaths) {
      expect(stdout).toMatch(new RegExp(`^ {2}${kind} +`, 'm'));
      expect(stdout).toContain(` ${summary}`);
    }
    for (const { name } of METRICS) expect(stdout).toContain(`  ${name} `);
  });

  test.each(['scenarios', 'cases', 'profiles', 'datapaths', 'metrics'])('%s alone', (kind) => {
    const { status, stdout } = vmio(folder, ['list', kind]);
    expect(status).toBe(0);
    expect(stdout.match(/^\S+$/gm)).toEqual([kind]);
    expect(stdout.trimEnd().split('\n').length).toBeGreaterThan(1);
  });

  test('says where the files are', () => {
    const { stdout } = vmio(folder, ['list', 'scenarios']);
    const where = stdout
      .trimEnd()
      .split('\n')
      .at(-1)!
      .replace(/^ {2}in /, '');
    expect(existsSync(path.join(folder, where, 'network-datapaths.yaml'))).toBe(true);
  });

  test('whose reader leaves early is no failure', (context) => {
    if (process.platform === 'win32') return context.skip('no bash');
    const command = `"$0" "$@" | head -1; echo "\${PIPESTATUS[0]}"`;
    const args = [process.execPath, BIN, 'check', path.join(SCENARIOS, 'driver-counts.yaml')];
    const { stdout, stderr } = spawnSync('bash', ['-c', command, ...args], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').at(-1)).toBe('0');
  });
});

describe('a scenario that is not there', () => {
  test.each(['network-datapaths', 'network-datapaths.yaml', 'x/network-datapaths.yml'])(
    '%s is told with the one that is shipped, which runs',
    (name) => {
      const { status, stderr } = vmio(folder, ['run', name]);
      expect(status).toBe(2);
      expect(stderr).toContain(`${name}: cannot be read: there is no such file\n`);
      const file = stderr.match(/ {2}the one that comes with vmio is (.*)\n/)?.[1] ?? '';
      expect(vmio(folder, ['run', file, '--dry-run'])).toMatchObject({ status: 0, stderr: '' });
    },
  );

  test('and is not shipped either, or is a folder', () => {
    const none = vmio(folder, ['run', 'none.yaml']);
    expect(none.stderr).toBe(
      'none.yaml: cannot be read: there is no such file\n1 mistake; nothing was run\n',
    );
    expect(vmio(folder, ['check', 'profiles']).stderr).toContain('profiles: is a folder; name a scenario');
  });
});

describe('schema', () => {
  test.each([
    ['scenario', []],
    ['profile', ['--of', 'profile']],
  ])('prints the file scenarios/%s.schema.json', (name, args) => {
    const { status, stdout } = vmio(folder, ['schema', ...args]);
    expect(status).toBe(0);
    expect(stdout).toBe(readFileSync(path.join(SCENARIOS, `${name}.schema.json`), 'utf8'));
  });
});

describe('init', () => {
  const start = path.join(folder, 'start');
  mkdirSync(start);
  const { status, stdout } = vmio(start, ['init']);

  test('writes a scenario, its profile and the schemas into an empty folder', () => {
    expect(status).toBe(0);
    const written = readdirSync(start, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(start, path.join(entry.parentPath, entry.name)));
    expect(written.sort()).toEqual([
      'first.yaml',
      'profile.schema.json',
      path.join('profiles', 'server-3ghz.yaml'),
      'scenario.schema.json',
    ]);
    for (const name of written) expect(stdout).toContain(`wrote ${name}`);
    expect(stdout).toContain('next: vmio run first.yaml');
  });

  test('what it wrote is valid and runs', () => {
    expect(vmio(start, ['check', 'first.yaml'])).toMatchObject({ status: 0, stderr: '' });
    const short = ['--set', 'run.measure=1 ms', '--set', 'run.replications=2', '--set', 'expect=[]'];
    const sweep = ['--sweep', 'workloads.transmit.rate=[20 k/s]'];
    const run = vmio(start, ['run', 'first.yaml', ...short, ...sweep, '--no-charts']);
    expect(run.stderr).toBe('');
    expect(run.status).toBe(0);
    const { datapaths: compared } = parse(readFileSync(path.join(start, 'first.yaml'), 'utf8'));
    expect(compared.length).toBeGreaterThan(1);
    for (const kind of compared) expect(run.stdout).toContain(kind);
  });

  test('overwrites nothing', () => {
    const again = vmio(start, ['init']);
    expect(again.status).toBe(2);
    expect(again.stderr).toMatch(/first\.yaml.* exists? already; nothing was written/);
    expect(vmio(folder, ['init', 'start']).status).toBe(2);
  });

  test('makes the folder that it is given', () => {
    expect(vmio(folder, ['init', 'deep/er']).stdout).toContain(
      `next: vmio run ${path.join('deep/er/first.yaml')}`,
    );
    expect(vmio(folder, ['check', 'deep/er/first.yaml', '--quiet']).status).toBe(0);
  });
});

describe('check', () => {
  test('prints every default and every cost in force with its source', () => {
    const file = write(
      `${SHORT}costs: { exit.heavy: { cycles: 30000, source: a wild guess } }\n`,
      'check.yaml',
    );
    const { status, stdout } = vmio(folder, ['check', path.basename(file)]);
    expect(status).toBe(0);
    expect(stdout).toContain('maxEvents: 500 M');
    expect(stdout).toContain('arrivals: poisson');
    expect(stdout).toMatch(/exit\.heavy\s.*30000.*a wild guess/);
    const { costs } = parse(readFileSync(path.join(SCENARIOS, 'profiles/server-3ghz.yaml'), 'utf8'));
    for (const name of Object.keys(costs)) expect(stdout).toContain(` ${name} `);
    expect(stdout).toMatch(/^warning: costs\.exit\.heavy: 30000 cycles lies outside/m);
    expect(stdout).toContain('check.yaml: valid, 1 points, 1 warning');
  });

  test('tells every mistake with its place and ends with 2', () => {
    const text = SHORT.replace('vcpus: [0]', 'vcpus: [99]').replace('size: 64 B', 'size: 99000 B');
    write(text, 'wrong.yaml');
    const { status, stderr } = vmio(folder, ['check', 'wrong.yaml']);
    expect(status).toBe(2);
    expect(stderr.split('\n').slice(0, 2)).toEqual([
      expect.stringContaining(
        `wrong.yaml:${placeOf(text, '99')}: vms.web.pin.vcpus[0]: core 99 does not exist`,
      ),
      expect.stringContaining(`wrong.yaml:${placeOf(text, '99000 B')}: workloads.bulk.size: 99000 B is more`),
    ]);
    expect(stderr).toContain('2 mistakes; nothing was run');
  });

  test('takes several files, and tells the mistakes of all', () => {
    write(SHORT, 'right.yaml');
    const { status, stderr } = vmio(folder, ['check', 'wrong.yaml', 'right.yaml', 'none.yaml', '--quiet']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/none\.yaml: cannot be read/);
    expect(stderr).toContain('3 mistakes');
  });

  test('works from another folder, since a profile is found beside its scenario', () => {
    cpSync(path.join(folder, 'check.yaml'), path.join(folder, 'start/check.yaml'));
    expect(vmio(path.join(folder, 'profiles'), ['check', '../start/check.yaml', '--quiet']).status).toBe(0);
  });
});
