/** Neighbours of which theory knows what they do to each other: nothing where they share nothing, half where they share one core. */
import { describe, expect, test } from 'vitest';
import { workspace } from '../../scenario/workspace.test-support.ts';
import { runPoint } from '../run-point.test-support.ts';
import { companyPoints } from './company.ts';
import { type Neighbourhood, neighbourhoodOf } from './neighbourhood.ts';

const { load } = workspace();

const neighbourhood = (text: string): Neighbourhood => {
  const [point] = load(text).points;
  const [datapath] = point.scenario.datapaths;
  const companies = companyPoints(point);
  const results = companies.map(({ point: company }) => runPoint(company, datapath));
  return neighbourhoodOf(point.labels, datapath, companies, results);
};

describe('VMs that share nothing', () => {
  // Network and disk, on cores of their own; the IOMMU's cache would be shared.
  const { sufferers, fairness, isolation } = neighbourhood(`title: Apart
question: Does one notice the other?
machine: profiles/server-3ghz.yaml
host: { iommu: passthrough, irqCore: 7 }
vms:
  web: { pin: { vcpus: [0], backend: 1 } }
  db: { pin: { vcpus: [2], backend: 3 }, datapath: virtio-blk }
workloads:
  rpc: { vm: web, kind: request-response, service: 5 us, serviceVariation: exponential }
  reads: { vm: db, kind: fio, rw: randread, iodepth: 4 }
datapaths: [vhost-net]
run: { measure: 20 ms, warmUp: 1 ms, replications: 3 }
`);

  test('have the p99 that they have alone, to the picosecond', () => {
    expect(sufferers.map(({ vm, workload }) => `${vm} ${workload}`)).toEqual(['web rpc', 'db reads']);
    for (const { alone, besideOne, besideAll } of sufferers) {
      expect(alone.p99?.mean).toBeGreaterThan(0);
      expect(besideOne).toHaveLength(1);
      expect(besideOne[0]).toEqual(besideAll);
      expect(besideAll.cell).toEqual(alone);
      expect(besideAll.added).toMatchObject({ difference: { low: 0, high: 0 }, factor: 1, sure: false });
    }
  });

  test('keep all of their throughput', () => {
    expect([...(fairness?.normalised ?? [])].map(([vm, { low, high }]) => [vm, low, high])).toEqual([
      ['web', 1, 1],
      ['db', 1, 1],
    ]);
    expect(fairness?.jain).toMatchObject({ low: 1, high: 1 });
  });

  test('have cores of their own already, a vCPU and a backend each, and use no more CPU together', () => {
    expect(isolation).toMatchObject({ coresShared: 4, coresOwn: 4 });
    expect(isolation?.cpuDifference.mean).toBeCloseTo(0, 9);
  });
});

describe('two VMs that compute on one core', () => {
  // A system call of 100 µs: the vCPU is all that a stream waits for. A virtual function needs no other thread.
  const { sufferers, fairness, isolation } = neighbourhood(`title: Halves
question: Who gets how much?
machine: profiles/server-3ghz.yaml
host: { irqCore: 7, scheduler: { slice: 2.8 ms, tick: 4 ms } }
costs: { syscall: { ns: 100000 } }
vms: { one: { pin: { vcpus: [0] } }, other: { pin: { vcpus: [0] } } }
workloads:
  first: { vm: one, kind: stream, size: 60 B }
  second: { vm: other, kind: stream, size: 60 B }
datapaths: [sriov]
background: { hog: { threads: 1, cores: [5] } }
run: { measure: 320 ms, warmUp: 8 ms, replications: 2 }
`);

  test('have half of it each, but for a tick of the 80 at the edges of the window', () => {
    for (const { mean } of fairness?.normalised.values() ?? []) {
      expect(Math.abs(mean - 0.5)).toBeLessThan(1 / 80 + 0.005);
    }
    // (Σx)² / 2Σx² of 0.5 ± e is 1 / (1 + 4e²).
    expect(fairness?.jain.mean).toBeGreaterThan(1 / (1 + 4 * (1 / 80 + 0.005) ** 2));
  });

  test('wait for a turn of the other with one packet of the 40 in their own, which p99 sees', () => {
    for (const { besideAll } of sufferers) {
      // At least the slice; it ends at a tick, with 4 ms between two.
      expect(besideAll.added?.difference.low).toBeGreaterThan(2.8e6);
      expect(besideAll.added?.difference.high).toBeLessThan(8e6);
      expect(besideAll.added?.sure).toBe(true);
    }
  });

  test('need a second core to be alone, and use twice the CPU there; background load is nobody’s', () => {
    expect(isolation).toMatchObject({ coresShared: 1, coresOwn: 2 });
    expect(isolation?.cpuShared.mean).toBeGreaterThan(0.99);
    expect(isolation?.cpuShared.mean).toBeLessThan(1.1);
    expect(isolation?.cpuOwn.mean).toBeGreaterThan(1.98);
    expect(isolation?.cpuOwn.mean).toBeLessThan(2.2);
  });
});

describe('what is missing', () => {
  const TEXT = `title: Pair
question: What is missing?
machine: profiles/server-3ghz.yaml
vms: { a: { pin: { vcpus: [0], backend: 1 } }, b: { pin: { vcpus: [2], backend: 3 } } }
workloads:
  calm: { vm: a, kind: open-loop, direction: transmit, arrivals: periodic, rate: 100 k/s, size: 60 B }
  flood: { vm: b, kind: open-loop, direction: transmit, rate: 5 M/s, size: 60 B }
datapaths: [vhost-net]
run: { measure: 10 ms, warmUp: 1 ms, replications: 2 }
`;
  const [point] = load(TEXT).points;
  const companies = companyPoints(point);

  test('has neither figures nor a verdict', () => {
    const [alone] = companies.map(({ point: company }) => runPoint(company, 'vhost-net'));
    const { sufferers, fairness, isolation } = neighbourhoodOf({}, 'vhost-net', companies, [alone]);
    const [calm, flood] = sufferers;
    expect(calm.alone.p99).not.toBe(null);
    expect(calm.besideAll).toEqual({ others: ['b'], cell: { p99: null, verdict: '' }, added: null });
    expect(flood.alone).toEqual({ p99: null, verdict: '' });
    expect([fairness, isolation]).toEqual([null, null]);
  });

  test('is the p99 of what saturates, but not its throughput', () => {
    const { sufferers, fairness } = neighbourhood(TEXT);
    const [, flood] = sufferers;
    expect(flood.alone).toMatchObject({ p99: null, verdict: expect.stringMatching(/^saturated: /) });
    expect(flood.besideAll.added).toBe(null);
    expect(fairness?.normalised.get('b')?.mean).toBeGreaterThan(0.5);
  });
});
