/** The built command line in a process of its own, as a user calls it. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const BIN = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const built = (): void => {
  if (!existsSync(BIN)) throw new Error('dist/bin.js is missing: npm run build');
};

/** Runs `vmio` to its end. */
export const vmio = (cwd: string, args: readonly string[], node = process.execPath): Ended => {
  built();
  const { status, stdout, stderr } = spawnSync(node, [BIN, ...args], {
    cwd,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
};

/** Runs `vmio` and sends it `signals` three seconds after its output had `words`: time for short trials to end, even on a busy machine. */
export const interrupted = async (
  cwd: string,
  args: readonly string[],
  words: string,
  signals: readonly NodeJS.Signals[] = ['SIGINT'],
): Promise<Ended> => {
  built();
  const child = spawn(process.execPath, [BIN, ...args], { cwd });
  let stdout = '';
  let stderr = '';
  let sent = false;
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (sent || !stdout.includes(words)) return;
    sent = true;
    // One half of a second after the other, as fingers would.
    signals.forEach((signal, i) => {
      setTimeout(() => child.kill(signal), 3000 + i * 500);
    });
  });
  const status = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { status, stdout, stderr };
};

/** Every file below `folder` with the hash of its bytes, but for the log that may differ. */
export const hashes = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'run.log.json')
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [
        path.relative(folder, file),
        createHash('sha256').update(readFileSync(file)).digest('hex'),
      ]),
  );

/** A Node of another major version on this machine, or null. */
export const otherNode = (): { file: string; version: string } | null => {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/local/bin', '/usr/bin'];
  const own = process.version.split('.')[0];
  for (const file of new Set(folders.map((folder) => path.join(folder, 'node')))) {
    if (!existsSync(file) || realpathSync(file) === realpathSync(process.execPath)) continue;
    const version = spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout?.trim() ?? '';
    if (/^v\d+\./.test(version) && version.split('.')[0] !== own) return { file, version };
  }
  return null;
};

/** `vmio` that goes on while the test does something else. */
export class Spawned {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  private stdout = '';
  private stderr = '';

  /** @param flags of Node itself. */
  constructor(cwd: string, args: readonly string[], flags: readonly string[] = [], bin = BIN) {
    built();
    this.child = spawn(process.execPath, [...flags, bin, ...args], { cwd });
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = new Promise((resolve) =>
      this.child.on('close', (status) => resolve({ status, stdout: this.stdout, stderr: this.stderr })),
    );
  }

  /** Everything that was said so far. */
  get said(): string {
    return this.stdout + this.stderr;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}
