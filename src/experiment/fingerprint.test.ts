/**
 * Whether a change moved any result: a hash of everything that short trials counted, beside the stored one.
 * After a change that is meant to: UPDATE_FINGERPRINTS=1, and a line under "Results changed" in CHANGELOG.md.
 */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { datapaths, diskDatapaths } from '../datapaths/index.ts';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { us } from '../units.ts';
import { runTrial } from './run-trial.ts';

const FILE = new URL('fingerprints.json', import.meta.url);
const KINDS = datapaths.map(({ kind }) => kind);
const DISKS = diskDatapaths.map(({ kind }) => kind);

const WORKLOADS: Readonly<Record<string, string>> = {
  'request-response': `
  rpc: { vm: web, kind: request-response, request: 64 B, response: 1000 B, service: 5 us, serviceVariation: exponential, connections: 2 }
`,
  'open-loop': `
  out: { vm: web, kind: open-loop, direction: transmit, rate: 60 k/s, size: [{ size: 64 B, weight: 7 }, { size: 1514 B, weight: 3 }] }
  in: { vm: web, kind: open-loop, direction: receive, arrivals: periodic, rate: 40 k/s, size: 200 B }
`,
};

const JOBS = `
  small: { vm: web, kind: fio, rw: randrw, rwmixread: 70, bs: 4 KiB, iodepth: 8 }
  bulk: { vm: web, kind: fio, rw: write, bs: 128 KiB, iodepth: 4, rate_iops: 2 k/s, rate_process: poisson, ioengine: io_uring }
`;

const { load } = workspace();
const [beforeWorkloads, rest] = SHORT.split('workloads:\n');
const after = (kinds: readonly string[]): string =>
  changed(rest.slice(rest.indexOf('datapaths:')), '[native, vhost-net]', `[${kinds.join(', ')}]`);

/** Counters, ledger, latencies, stages and the number of events, as one short word. */
const fingerprint = (workloads: string, datapath: string, kinds = KINDS): string => {
  const [point] = load(`${beforeWorkloads}workloads:${workloads}${after(kinds)}`).points;
  // Loads and what passed over stations are the ledger’s and the links’ in other words.
  const {
    outcomes,
    completed,
    loads: _,
    stations: __,
    ...result
  } = runTrial(point, { datapath, seed: 1, replication: 1 }, us(200));
  const all = { ...result, outcomes: [...outcomes], completed: [...completed] };
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
};

test('no result of the short trials has moved since the fingerprints were stored', () => {
  const found = Object.fromEntries([
    ...Object.entries(WORKLOADS).flatMap(([kind, workloads]) =>
      KINDS.map((datapath) => [`${datapath}, ${kind}`, fingerprint(workloads, datapath)]),
    ),
    ...DISKS.map((datapath) => [`${datapath}, fio`, fingerprint(JOBS, datapath, DISKS)]),
  ]);
  if (process.env['UPDATE_FINGERPRINTS'] === '1') writeFileSync(FILE, `${JSON.stringify(found, null, 2)}\n`);
  expect(found).toEqual(JSON.parse(readFileSync(FILE, 'utf8')));
});
