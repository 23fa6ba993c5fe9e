/** `--queue`: workers come, go and are killed, and the results are those of a local run, byte for byte. */
import { once } from 'node:events';
import { appendFileSync, cpSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { freePort, RedisServer, whyNoRedis } from '../experiment/queue/redis.test-support.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { BIN, hashes, Spawned, vmio } from './spawned.test-support.ts';

const { folder, write } = workspace();
/** Trials of a good part of a second, a pilot and a precision. */
const SWEEP = `${changed(SHORT, 'measure: 2 ms', 'measure: 60 ms')}cases:
  plain: { run.replications: 3 }
  pilot: { run.warmUp: auto }
  precise: { run.precision: 1 %, run.maxReplications: 4 }
`;
write(SWEEP, 'sweep.yaml');
/** One trial takes minutes. */
const ENDLESS = ['--set', 'run.measure=500 s', '--set', 'cases={ one: {} }'];

const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited for a minute until ${what}`);
};

const bytes = (out: string, name = 'sweep') => hashes(path.join(folder, out, name));

describe('a queue', () => {
  const why = whyNoRedis();
  let server: RedisServer;
  let redis: Redis;
  let running: Spawned[] = [];

  beforeAll(async () => {
    if (why !== null) return;
    server = new RedisServer(await freePort());
    await server.start();
    redis = new Redis(server.url, { maxRetriesPerRequest: null });
    redis.on('error', () => {});
  });
  beforeEach((context) => {
    if (why !== null) context.skip(why);
  });
  afterEach(async () => {
    for (const each of running) await each.end('SIGKILL');
    running = [];
    if (why === null) await redis.flushall();
  });
  afterAll(async () => {
    if (why !== null) return;
    redis.disconnect();
    await server.remove();
  });

  const start = (args: readonly string[]): Spawned => {
    const spawned = new Spawned(folder, [...args, '--queue', server.url]);
    running.push(spawned);
    return spawned;
  };
  const startRun = (out: string, more: readonly string[] = []): Spawned =>
    start(['run', 'sweep.yaml', '--no-charts', '--out', out, ...more]);
  const startWorker = async (): Promise<Spawned> => {
    const worker = start(['worker', '--jobs', '1']);
    await until('the worker listens', () => worker.said.includes('listens at'));
    return worker;
  };
  const keys = (pattern: string): Promise<string[]> => redis.keys(pattern);
  /** Who is busy with a trial: worker and number of its turn. */
  const owners = async (): Promise<string[]> => {
    const tokens = await Promise.all((await keys('*:lock')).map((lock) => redis.get(lock)));
    return tokens.flatMap((token) => token ?? []);
  };
  const workerOf = (owner: string): string => owner.split(':')[0];
  /** Names of the events of the queue so far. */
  const events = async (): Promise<string[]> => {
    const [stream] = await keys('*:events');
    return (await redis.xrange(stream, '-', '+')).map(([, fields]) => fields[1]);
  };
  /** Trials that are waiting, or that a worker is busy with. */
  const jobs = async (): Promise<string[]> =>
    (await keys('vmio:*')).filter((key) => /^vmio:[0-9a-f]+:[0-9a-f]{64}$/.test(key));

  test('gives the bytes of a local run, though a worker is killed in the middle of a trial', async () => {
    expect(vmio(folder, ['run', 'sweep.yaml', '--no-charts', '--out', 'local']).status).toBe(0);
    const first = await startWorker();
    const run = startRun('queued');
    await until('the first worker is busy', async () => (await owners()).length > 0);
    const its = workerOf((await owners())[0]);
    const second = await startWorker();
    await until('the second worker is busy, too', async () =>
      (await owners()).some((owner) => workerOf(owner) !== its),
    );
    // Held still, so that it is in the middle of a trial for certain.
    await until('the first worker was caught in a trial', async () => {
      first.child.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 50));
      if ((await owners()).some((owner) => workerOf(owner) === its)) return true;
      first.child.kill('SIGCONT');
      return false;
    });
    await first.end('SIGKILL');
    const { status, stderr } = await run.ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(await events()).toContain('stalled');
    expect(bytes('queued')).toEqual(bytes('local'));
    expect(await jobs()).toEqual([]);
    await until('no answer is left', async () => (await keys('*:answer:*')).length === 0);
    const ended = await second.end('SIGTERM');
    expect(ended).toMatchObject({ status: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^listens at .*\n(.*\n)*\d+ trials done\n$/);
  });

  test('leaves a long trial to its worker, and ^C takes it away from there', async () => {
    const worker = await startWorker();
    const run = startRun('endless', ENDLESS);
    await until('the worker is busy', async () => (await owners()).length === 1);
    const before = await owners();
    // Longer than a lock and two looks for trials whose worker is gone.
    await new Promise((resolve) => setTimeout(resolve, 11_000));
    expect(await owners()).toEqual(before);
    expect(await events()).not.toContain('stalled');
    expect((await run.end('SIGINT')).status).toBe(130);
    await until('nothing of the run is left', async () => (await jobs()).length === 0);
    expect(await keys('*:lock')).toEqual([]);
    expect(await worker.end('SIGINT')).toMatchObject({ status: 130, stderr: '' });
  });

  test('gets back what a worker was doing when it is stopped, and keeps it for the next one', async () => {
    const worker = await startWorker();
    const run = startRun('passed-on', ENDLESS);
    await until('the worker is busy', async () => (await owners()).length === 1);
    const waiting = async () => redis.llen((await keys('*:meta'))[0].replace(/meta$/, 'wait'));
    const before = await waiting();
    const { status, stdout } = await worker.end('SIGINT');
    expect(status).toBe(130);
    expect(stdout).toMatch(/\n0 trials done, 1 given back to the queue\n$/);
    expect([await waiting(), await owners()]).toEqual([before + 1, []]);
    await startWorker();
    await until('another worker is busy with it', async () => (await owners()).length === 1);
    expect((await run.end('SIGINT')).status).toBe(130);
  });

  test('lends trials ahead while they are short, and has long ones back', async () => {
    await startWorker();
    const fast = '{ run.measure: 10 us, run.replications: 200 }';
    const run = startRun('ahead', ['--set', `cases={ fast: ${fast}, slow: { run.measure: 500 s } }`]);
    await until('one was fetched ahead', async () => (await owners()).length === 2);
    const [stream] = await keys('*:events');
    await until('one was given back', async () =>
      (await redis.xrange(stream, '-', '+')).some(
        ([, fields]) => fields[1] === 'waiting' && fields.includes('active'),
      ),
    );
    expect(await owners()).toHaveLength(1);
    expect((await run.end('SIGINT')).status).toBe(130);
  });

  test('survives a Redis that is started again and has forgotten everything', async () => {
    const worker = await startWorker();
    const run = startRun('forgotten', ['--set', 'run.measure=20 ms']);
    await until('the worker is busy', async () => (await owners()).length > 0);
    await server.stop();
    await until('both have seen it', () =>
      [run, worker].every(({ said }) => said.includes('waiting for it')),
    );
    await server.start();
    const { status, stderr } = await run.ended;
    expect(status).toBe(0);
    expect(stderr).toMatch(/^vmio: the Redis at .* is gone; waiting for it\nvmio: the Redis at .* is back\n/);
    const args = ['run', 'sweep.yaml', '--no-charts', '--set', 'run.measure=20 ms', '--out', 'unforgotten'];
    expect(vmio(folder, args).status).toBe(0);
    expect(bytes('forgotten')).toEqual(bytes('unforgotten'));
  });

  test('ends a run as its first failing trial does', async () => {
    await startWorker();
    const args = ['--set', 'cases.spent={ run.maxEvents: 500 }', '--set', 'run.measure=1 ms'];
    const { status, stderr } = await startRun('spent', args).ended;
    const local = vmio(folder, ['run', 'sweep.yaml', '--no-charts', '--out', 'spent-here', ...args]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: local.stderr.replaceAll('spent-here', 'spent') });
    expect(stderr).toContain('used up its budget');
    expect(await jobs()).toEqual([]);
  });

  test('without a worker of the same code says so once, and which command starts one', async () => {
    const other = path.join(folder, 'other-vmio');
    cpSync(path.dirname(BIN), path.join(other, 'dist'), { recursive: true });
    for (const name of ['node_modules', 'package.json']) {
      symlinkSync(path.join(BIN, '../..', name), path.join(other, name));
    }
    appendFileSync(path.join(other, 'dist/units.js'), '// changed');
    const args = ['worker', '--jobs', '1', '--queue', server.url];
    const worker = new Spawned(folder, args, [], path.join(other, 'dist/bin.js'));
    running.push(worker);
    await until('the other worker listens', () => worker.said.includes('listens at'));
    const run = startRun('alone');
    await until('it says so', () => run.said.includes('no worker listens'));
    await new Promise((resolve) => setTimeout(resolve, 4000));
    const { status, stderr } = await run.end('SIGINT');
    expect(status).toBe(130);
    const said = `vmio: no worker listens at ${server.url} for this vmio \\(code [0-9a-f]{8}\\); start one with: vmio worker --queue ${server.url}\n`;
    expect(stderr).toMatch(new RegExp(`^${said}interrupted before any point had two trials; .*\n$`));
    expect((await worker.end('SIGTERM')).stdout).toMatch(/\n0 trials done\n$/);
    expect(await jobs()).toEqual([]);
  });
});

describe('without a server', () => {
  let deaf: Server;
  beforeAll(async () => {
    deaf = createServer().listen(0, '127.0.0.1');
    await once(deaf, 'listening');
  });
  afterAll(() => deaf.close());

  test.each(['run', 'worker'])('%s ends with 2 and one line', async (command) => {
    const shown = `redis://127.0.0.1:${await freePort()}/3`;
    const url = shown.replace('//', '//ann:secret@');
    const args = command === 'run' ? ['run', 'sweep.yaml'] : ['worker'];
    expect(vmio(folder, [...args, '--queue', url])).toEqual({
      status: 2,
      stdout: '',
      stderr: `vmio: no Redis answers at ${shown} (ECONNREFUSED); start one (redis-server), or give another --queue\n`,
    });
  });

  test('a port that says nothing is not waited for', async () => {
    const address = deaf.address();
    const port = typeof address === 'object' ? address?.port : null;
    const { ended } = new Spawned(folder, ['worker', '--queue', `redis://127.0.0.1:${port}`]);
    expect(await ended).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('(ETIMEDOUT); start one'),
    });
  });

  test('an address that is none is a mistake of the command line', () => {
    const { status, stderr } = vmio(folder, ['run', 'sweep.yaml', '--queue', 'localhost:6379']);
    expect(status).toBe(2);
    expect(stderr).toContain('expected a Redis server, e.g. redis://localhost:6379.');
  });
});

describe('without BullMQ', () => {
  /** As it is where nobody has installed it: the package cannot be found. */
  const hidden = (name: string): string[] => {
    const resolve = `(specifier, context, next) => next(specifier === '${name}' ? 'not-installed-${name}' : specifier, context)`;
    const hook = `import { registerHooks } from 'node:module'; registerHooks({ resolve: ${resolve} });`;
    return ['--import', `data:text/javascript,${encodeURIComponent(hook)}`];
  };

  test.each(['bullmq', 'ioredis'])('a queue asks for it, where %s is missing', async (name) => {
    for (const args of [['run', 'sweep.yaml'], ['worker']]) {
      const { ended } = new Spawned(folder, [...args, '--queue', 'redis://127.0.0.1:1'], hidden(name));
      const stderr =
        'vmio: --queue needs BullMQ, which is not installed; install it with: npm install bullmq ioredis\n';
      expect(await ended).toMatchObject({ status: 2, stderr });
    }
  });

  test('a local run does not miss it', async () => {
    const args = ['run', 'sweep.yaml', '--no-charts', '--set', 'run.measure=1 ms', '--out', 'without'];
    const { status, stderr } = await new Spawned(folder, args, hidden('bullmq')).ended;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test('is what npm may do: both packages are optional', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(Object.keys(manifest.dependencies)).not.toEqual(expect.arrayContaining(['bullmq']));
    for (const name of ['bullmq', 'ioredis']) {
      expect(manifest.peerDependencies[name]).toBeDefined();
      expect(manifest.peerDependenciesMeta[name]).toEqual({ optional: true });
    }
  });
});
