/** A Redis server for tests: on a free port, in memory only, gone with the tests. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';

const installed = (): boolean => spawnSync('redis-server', ['--version']).status === 0;

/** Why tests of the queue cannot run here, or null. @throws where they must: in CI, which installs it. */
export const whyNoRedis = (): string | null => {
  if (installed()) return null;
  if (process.env['CI'] === 'true') throw new Error('redis-server is missing: .ci/run installs it');
  return 'redis-server is not installed';
};

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('a port was asked for');
  return address.port;
};

export class RedisServer {
  readonly url: string;
  private readonly port: number;
  private readonly folder = mkdtempSync(path.join(os.tmpdir(), 'vmio-redis-'));
  private child: ChildProcess | null = null;

  constructor(port: number) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  async start(): Promise<void> {
    const where = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.folder];
    const args = [...where, '--save', '', '--appendonly', 'no'];
    const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child = child;
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.on('close', () => reject(new Error(`redis-server ended: ${said}`)));
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('eady to accept connections')) resolve();
      });
    });
  }

  /** Ends it, and with it all that it held. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
