/** A hostile driver beside an honest tenant, on every virtio datapath: its device is stopped, the tenant lives on, books close. */
import { describe, expect, test } from 'vitest';
import { HostileDriver } from '../models/guest/hostile-driver.ts';
import { isSplitOnly, MISDEEDS } from '../models/virtio/misdeeds.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { us } from '../units.ts';
import { datapaths } from './index.ts';
import { Trial } from './trial.test-support.ts';

const virtio = datapaths.filter(({ rings }) => rings !== undefined);

describe.each(virtio.map((datapath) => [datapath.kind, datapath] as const))('%s', (_kind, datapath) => {
  const run = (packed: boolean, queue: 'tx' | 'rx', misdeed: (typeof MISDEEDS)[number]) => {
    const trial = new Trial({
      machine: machine('server-3ghz'),
      datapath,
      loads: [{ kind: 'request-response', rate: 1, size: 64 }],
    });
    const { world } = trial;
    const vm = { name: 'evil', vcpus: [[2]], backend: [3] };
    const params = datapath.params.parse({ tunables: { packed } });
    const { processor, virtqueues } = datapath.build(world, vm, params);
    const { queue: rings, doorbell } = virtqueues![queue];
    new HostileDriver(processor, rings, doorbell, { misdeed, after: us(200), every: us(100) });
    trial.run('stopped');
    return { trial, errors: world.books.counters.since([]).filter(({ counter }) => counter.vm === 'evil') };
  };

  test.each(MISDEEDS.filter((misdeed) => !isSplitOnly(misdeed)))('%s, split and packed', (misdeed) => {
    for (const packed of [false, true]) {
      const { trial, errors } = run(packed, 'tx', misdeed);
      expect(trial.records[0].completed).toBeGreaterThan(20);
      for (const gap of Object.values(trial.gaps)) expect(gap).toBe(0);
      trial.world.books.invariants.check();
      const counted = errors.filter(({ counter: { metric } }) => metric === 'device.errors');
      // Empty pieces are passed over by some, directions by others: then there is nothing to send behind a header.
      expect(counted.length, `${misdeed}, packed ${packed}`).toBeGreaterThan(0);
    }
  });

  test('in the receive ring', () => {
    const { trial } = run(false, 'rx', 'looped chain');
    expect(trial.records[0].completed).toBeGreaterThan(20);
    for (const gap of Object.values(trial.gaps)) expect(gap).toBe(0);
  });
});
