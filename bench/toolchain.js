// What this machine has to run the peers with. Whatever is missing is undefined, and the peers that need it are reported as absent.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Runs a command quietly: its output, or undefined if it fails or does not exist. */
const attempt = (command, args) => {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
};

const firstOf = (candidates, probe) =>
  candidates.find((candidate) => attempt(candidate, probe) !== undefined);

export const findTools = () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmio-bench-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

  const compile = (compiler, source, libraries) => {
    const program = join(folder, source.replace('.', '-'));
    const built = attempt(compiler, ['-O2', '-o', program, join(here, 'peers', source), ...libraries]);
    return built === undefined ? undefined : program;
  };
  const ns3 = (...modules) => modules.map((module) => `-lns3-${module}`);

  const pinTo = String(availableParallelism() - 1);
  return {
    /** Puts a process on one core, so that it is not moved while it is measured. */
    pin: attempt('taskset', ['-c', pinTo, 'true']) === undefined ? [] : ['taskset', '-c', pinTo],
    script: (name) => [process.execPath, join(here, name)],
    python: firstOf(['python3', '/usr/bin/python3'], ['-c', 'import simpy']),
    peer: (name) => join(here, 'peers', name),
    heap: compile('gcc', 'heap.c', ['-lm']),
    ns3Hold: compile('g++', 'hold.cc', ns3('core')),
    ns3Udp: compile('g++', 'udp.cc', ns3('core', 'network', 'internet', 'applications', 'point-to-point')),
    redis: firstOf(['redis-server'], ['--version']),
    versions: {
      node: process.version,
      gcc: attempt('gcc', ['-dumpfullversion']),
      'ns-3': attempt('pkg-config', ['--modversion', 'ns3-core']),
      redis: attempt('redis-server', ['--version'])?.match(/v=(\S+)/)?.[1],
      simpy:
        attempt('python3', ['-c', 'import simpy; print(simpy.__version__)']) ??
        attempt('/usr/bin/python3', ['-c', 'import simpy; print(simpy.__version__)']),
    },
  };
};
