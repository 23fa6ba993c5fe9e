/** A temporary folder with the shipped profiles in it, where tests write short scenarios and load them. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type LoadedScenario, type LoadOptions, loadScenario } from './load.ts';
import { formatMistake } from './text/mistake.ts';

export const SCENARIOS = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** One VM with a client and a paced sender, on bare metal and on vhost-net, for 2 ms. */
export const SHORT = `title: Short
question: Does it run?
machine: profiles/server-3ghz.yaml
vms:
  web: { pin: { vcpus: [0], backend: 1 } }
workloads:
  rpc: { vm: web, kind: request-response, request: 64 B, response: 64 B, service: 5 us }
  bulk: { vm: web, kind: open-loop, direction: transmit, arrivals: poisson, rate: 20 k/s, size: 64 B }
datapaths: [native, vhost-net]
run: { measure: 2 ms, warmUp: 200 us, replications: 2 }
`;

export interface Workspace {
  readonly folder: string;
  /** Writes `text` and answers with the file's path. */
  write(text: string, name?: string): string;
  /** Writes `text` and loads it; mistakes fail the test. */
  load(text: string, options?: LoadOptions): LoadedScenario;
  /** Writes `text`, loads it, and answers with its mistakes as they are printed, the folder left out. */
  mistakes(text: string, options?: LoadOptions): string[];
}

export const loaded = (file: string, options: LoadOptions = {}): LoadedScenario => {
  const result = loadScenario(file, options);
  if (!result.ok) throw new Error(result.mistakes.map(formatMistake).join('\n'));
  return result.loaded;
};

export const workspace = (): Workspace => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vmio-test-'));
  cpSync(path.join(SCENARIOS, 'profiles'), path.join(folder, 'profiles'), { recursive: true });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const write = (text: string, name = 'short.yaml'): string => {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  return {
    folder,
    write,
    load: (text, options = {}) => loaded(write(text), options),
    mistakes: (text, options = {}) => {
      const result = loadScenario(write(text), options);
      return result.ok
        ? []
        : result.mistakes.map((mistake) => formatMistake(mistake).replaceAll(`${folder}${path.sep}`, ''));
    },
  };
};

/** `text` with the first `from` replaced; it must be there. */
export const changed = (text: string, from: string, to: string): string => {
  if (!text.includes(from)) throw new RangeError(`"${from}" does not occur`);
  return text.replace(from, () => to);
};

/** `line:column` of the first `needle`, from 1. */
export const placeOf = (text: string, needle: string): string => {
  const at = text.indexOf(needle);
  if (at < 0) throw new RangeError(`"${needle}" does not occur`);
  const before = text.slice(0, at).split('\n');
  return `${before.length}:${before[before.length - 1].length + 1}`;
};
