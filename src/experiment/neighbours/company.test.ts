/** Who is there in each company, and that those who are there are where and as they always were. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changed, workspace } from '../../scenario/workspace.test-support.ts';
import { ms } from '../../units.ts';
import { runTrial } from '../run-trial.ts';
import { placed } from '../vm-setup.ts';
import { companiesOf, companyPoints, inCompany, tenantsOf } from './company.ts';

const { load } = workspace();

const THREE = `title: Three
question: Who is there?
machine: profiles/server-3ghz.yaml
vms: { a: {}, idle: { pin: { vcpus: [6] } }, b: { pin: { backend: [4, 5] } }, c: {} }
workloads:
  rpc: { vm: a, kind: request-response, service: 20 us, serviceVariation: exponential }
  tx: { vm: b, kind: open-loop, direction: transmit, rate: 20 k/s }
  more: { vm: b, kind: open-loop, direction: receive, rate: 5 k/s }
  rx: { vm: c, kind: open-loop, direction: receive, rate: 20 k/s }
background: { hog: { threads: 1, cores: [5] } }
datapaths: [vhost-net, native]
run: { measure: 2 ms, warmUp: 200 us, replications: 2 }
`;
const [point] = load(THREE).points;

describe('companies', () => {
  test('are each alone, each two, and all', () => {
    expect(companiesOf(['a', 'b', 'c'])).toEqual([
      ['a'],
      ['b'],
      ['c'],
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
      ['a', 'b', 'c'],
    ]);
  });

  test('of two, the pair is all', () => {
    expect(companiesOf(['a', 'b'])).toEqual([['a'], ['b'], ['a', 'b']]);
  });

  test.each([3, 5, 9])('of %i are n + n(n − 1)/2 + 1', (n) => {
    const companies = companiesOf(Array.from({ length: n }, (_, i) => `vm${i}`));
    expect(companies).toHaveLength(n + (n * (n - 1)) / 2 + 1);
    expect(new Set(companies.map((each) => each.join())).size).toBe(companies.length);
  });

  test('are of VMs that have workloads', () => {
    expect(tenantsOf(point.scenario)).toEqual(['a', 'b', 'c']);
    expect(companyPoints(point).map(({ point: { labels } }) => labels)).toEqual([
      { vms: 'a alone' },
      { vms: 'b alone' },
      { vms: 'c alone' },
      { vms: 'a and b' },
      { vms: 'a and c' },
      { vms: 'b and c' },
      { vms: 'all VMs' },
    ]);
  });
});

describe('a point in company', () => {
  test('has the VMs that are there, their workloads, what has none, and the background', () => {
    const { scenario } = inCompany(point, ['b']);
    expect(Object.keys(scenario.vms)).toEqual(['idle', 'b']);
    expect(Object.keys(scenario.workloads)).toEqual(['tx', 'more']);
    expect(scenario.background).toEqual(point.scenario.background);
  });

  test('leaves each VM where it was, also where that follows from its rank', () => {
    const names = Object.keys(point.scenario.vms);
    const place = (of: typeof point, vm: string) => placed(of, vm, Object.keys(of.scenario.vms).indexOf(vm));
    // Each takes a vCPU's core and one for its backend: c is the fourth, from core 6 of 8 on.
    expect(place(inCompany(point, ['c']), 'c')).toMatchObject({ vcpus: [[6]], backend: [7] });
    fc.assert(
      fc.property(fc.subarray(tenantsOf(point.scenario), { minLength: 1 }), (present) => {
        const company = inCompany(point, present);
        for (const vm of names.filter((name) => name in company.scenario.vms)) {
          expect(place(company, vm)).toEqual(place(point, vm));
        }
        expect(inCompany(company, present).scenario).toEqual(company.scenario);
      }),
    );
  });

  test('of all is simulated as written', () => {
    const run = { datapath: 'vhost-net', seed: 1, replication: 1 };
    expect(runTrial(inCompany(point, ['a', 'b', 'c']), run, ms(1))).toEqual(runTrial(point, run, ms(1)));
  });

  test('measures the window that all have, whoever ramps up', () => {
    const text = changed(
      THREE,
      'rx: { vm: c, kind: open-loop, direction: receive, rate: 20 k/s }',
      'rx: { vm: c, kind: fio, rw: randread, ramp_time: 3 ms }',
    );
    const ramped = load(changed(text, 'c: {} }', 'c: { datapath: virtio-blk } }')).points[0];
    expect(inCompany(ramped, ['a']).scenario.run.warmUp).toBe(ms(3));
    const auto = load(changed(THREE, 'warmUp: 200 us', 'warmUp: auto')).points[0];
    expect(inCompany(auto, ['a']).scenario.run.warmUp).toBe('auto');
  });

  test('of VMs that are alike has the copies that are there, each in its place', () => {
    const [alike] = load(
      changed(THREE, 'c: {} }', 'c: { count: 3, pin: { backend: [2, 3], spread: true } } }'),
    ).points;
    const company = inCompany(alike, ['a', 'c-2']);
    expect(company.copies).toEqual({ vms: { c: ['c-2'] }, workloads: { rx: ['rx-2'] } });
    expect(company.scenario.vms['c-2'].pin.backend).toEqual([3]);
    expect(inCompany(alike, ['a', 'b']).copies).toEqual({ vms: {}, workloads: {} });
    const run = { datapath: 'vhost-net', seed: 1, replication: 1 };
    const { measured } = runTrial(company, run, ms(1));
    const rates = measured.filter(
      ({ metric, statistic }) => metric === 'throughput.requests' && statistic === 'rate',
    );
    // The pool of one is that one.
    expect(rates.map(({ workload }) => workload)).toEqual(['rpc', 'rx-2', 'rx']);
    expect(rates[2].value).toBe(rates[1].value);
    const all = tenantsOf(alike.scenario);
    expect(runTrial(inCompany(alike, all), run, ms(1))).toEqual(runTrial(alike, run, ms(1)));
  });

  test('does not touch the point that it is made from', () => {
    const before = structuredClone(point.scenario);
    companyPoints(point);
    expect(point.scenario).toEqual(before);
  });
});
