/** Each rule that joins several keys: refused with the place, the key and what would be right. */
import { describe, expect, test } from 'vitest';
import { changed, placeOf, SHORT, workspace } from './workspace.test-support.ts';

const { load, mistakes } = workspace();

/** One mistake, at `needle`, whose path and message are given. */
const refused = (text: string, needle: string, told: string): void => {
  expect(mistakes(text)).toEqual([`short.yaml:${placeOf(text, needle)}: ${told}`]);
};

const RUN = 'run: {';
const with_ = (line: string): string => changed(SHORT, RUN, `${line}\n${RUN}`);

test.each([
  ['poll-us: 50', 'must be 0 with inlineBackend, which has no worker that could look on'],
  [
    'experimental_zcopytx: true',
    'must be false with inlineBackend, which has no worker that could be told of what was sent',
  ],
])('a vhost that serves its ring inside the exit cannot have %s', (setting, told) => {
  const text = with_(`parameters: { vhost-net: { inlineBackend: true, ${setting} } }`);
  expect(mistakes(text).join()).toContain(`parameters.vhost-net.${setting.split(':')[0]}: ${told}`);
});

describe('cores', () => {
  const range = 'the host has cores 0 to 7';

  test('of a vCPU, a backend, background threads and interrupts exist', () => {
    const vcpu = changed(SHORT, 'vcpus: [0]', 'vcpus: [8]');
    refused(vcpu, '8], backend', `vms.web.pin.vcpus[0]: core 8 does not exist: ${range}`);
    const backend = changed(SHORT, 'backend: 1', 'backend: [1, 9]');
    refused(backend, '[1, 9]', `vms.web.pin.backend: core 9 does not exist: ${range}`);
    const hogs = with_('background: { hog: { threads: 2, cores: [0, 11] } }');
    refused(hogs, '[0, 11]', `background.hog.cores: core 11 does not exist: ${range}`);
    const irq = with_('host: { irqCore: 100 }');
    refused(irq, '100', `host.irqCore: core 100 does not exist: ${range}`);
  });

  test('are counted by the machine that is in force', () => {
    expect(mistakes(changed(with_('host: { cores: 16 }'), 'vcpus: [0]', 'vcpus: [15]'))).toEqual([]);
    const few = with_('host: { cores: 1 }');
    refused(few, '1 } }\nworkloads', 'vms.web.pin.backend: core 1 does not exist: the host has cores 0 to 0');
  });
});

describe('a VM', () => {
  const web = (more: string): string => changed(SHORT, 'backend: 1 }', `backend: 1 }, ${more}`);

  test('has one vCPU and one queue so far, and says so', () => {
    const more = changed(web('vcpus: 2'), 'vcpus: [0]', 'vcpus: [0, 1]');
    expect(mistakes(more).join()).toMatch(
      /vms\.web\.vcpus: more than one vCPU is modelled for VMs with fio jobs/,
    );
    refused(web('net: { queues: 4 }'), '4 }', 'vms.web.net.queues: more than one queue is not modelled yet');
    expect(mistakes(web('vcpus: 1, net: { queues: 1 }'))).toEqual([]);
    const two = changed(SHORT, 'vcpus: [0]', 'vcpus: [0, 1]');
    expect(mistakes(two).join()).toMatch(/vms\.web\.pin\.vcpus: needs one entry for each vCPU/);
  });

  test('has tunables that its datapath has, within the limits of its device', () => {
    expect(mistakes(web('net: { tunables: { rx_queue_size: 1024 } }'))).toEqual([]);
    const large = web('net: { tunables: { tx_queue_size: 1024 } }');
    expect(mistakes(large).join()).toMatch(
      /vms\.web\.net\.tunables\.tx_queue_size: 1024 entries are more than the 256/,
    );
    const none = web('datapath: sriov, net: { tunables: { napi_tx: false } }');
    expect(mistakes(none).join()).toMatch(/vms\.web\.net\.tunables: none of sriov has these tunables/);
  });

  test('has an IOMMU in its sight only in front of devices that QEMU, or this model, puts behind one', () => {
    const behind = (kind: string, more = '') =>
      web(`datapath: ${kind}, viommu: { device: intel-iommu }${more}`);
    const assigned = 'QEMU puts an assigned device (sriov) behind intel-iommu only with caching-mode: true';
    refused(behind('sriov'), '{ device', `vms.web.viommu: ${assigned}`);
    const second = behind('e1000', ', net: { devices: [sriov] }');
    refused(second, '{ device', `vms.web.viommu: ${assigned}`);
    expect(mistakes(web('datapath: sriov, viommu: { device: intel-iommu, caching-mode: true }'))).toEqual([]);
    const platform = ', net: { tunables: { iommu_platform: true } }';
    for (const kind of ['vhost-user', 'vdpa']) expect(mistakes(behind(kind))).toEqual([]);
    const told =
      'is modelled with guestDriver: pmd alone, whose memory is mapped once; without iommu_platform it passes the IOMMU by';
    refused(
      behind('vhost-user', platform),
      '{ device',
      `vms.web.viommu: vhost-user behind an IOMMU that the guest sees ${told}`,
    );
    const heard = 'QEMU puts vdpa behind intel-iommu only with caching-mode: true';
    refused(behind('vdpa', platform), '{ device', `vms.web.viommu: ${heard}`);
    for (const device of ['intel-iommu, caching-mode: true', 'virtio-iommu']) {
      expect(mistakes(web(`datapath: vdpa, viommu: { device: ${device} }${platform}`))).toEqual([]);
    }
    const asked = web('datapath: e1000, viommu: { device: virtio-iommu, caching-mode: true }');
    expect(mistakes(asked).join()).toMatch(/caching-mode: is a property of intel-iommu/);
    for (const kind of ['virtio-net', 'vhost-net']) {
      expect(mistakes(behind(kind, ', net: { tunables: { iommu_platform: true } }'))).toEqual([]);
    }
  });

  test('may have a datapath of its own', () => {
    expect(load(web('datapath: sriov')).points[0].scenario.vms['web'].datapath).toBe('sriov');
    expect(mistakes(web('datapath: srivo')).join()).toMatch(/"srivo".*did you mean "sriov"/);
  });
});

describe('names', () => {
  test('a workload runs in a VM that there is', () => {
    const text = changed(SHORT, 'rpc: { vm: web', 'rpc: { vm: wbe');
    refused(text, 'wbe', 'workloads.rpc.vm: there is no VM "wbe" — did you mean "web"?');
  });

  test('there is at least one VM and one workload', () => {
    const text = `title: Nothing
question: Does it run?
machine: profiles/server-3ghz.yaml
vms: {}
workloads: {}
datapaths: [native]
run: { measure: 2 ms }
`;
    expect(mistakes(text)).toEqual([
      `short.yaml:${placeOf(text, '{}')}: vms: at least one VM is needed`,
      `short.yaml:${placeOf(text, '{}\ndatapaths')}: workloads: at least one workload is needed`,
    ]);
  });

  test('a datapath stands once', () => {
    const text = changed(SHORT, '[native, vhost-net]', '[native, vhost-net, native]');
    expect(mistakes(text).join()).toMatch(/datapaths.*native.*twice/);
  });

  test('a datapath is one that there is', () => {
    const text = changed(SHORT, 'vhost-net]', 'vhostnet]');
    expect(mistakes(text)[0]).toMatch(
      /datapaths\[1\]: "vhostnet" is not one of .* did you mean "vhost-net"\?$/,
    );
  });
});

describe('sizes', () => {
  const PACKET = '65537 B is more than one packet may have: 65536 B (GSO_MAX_SIZE)';

  test('are at most one packet that can be cut into frames', () => {
    refused(changed(SHORT, 'size: 64 B', 'size: 65537 B'), '65537 B', `workloads.bulk.size: ${PACKET}`);
    refused(
      changed(SHORT, 'request: 64 B', 'request: 65537 B'),
      '65537 B',
      `workloads.rpc.request: ${PACKET}`,
    );
    expect(mistakes(changed(SHORT, 'size: 64 B', 'size: 64 KiB'))).toEqual([]);
    expect(mistakes(changed(SHORT, 'response: 64 B', 'response: 64 KiB'))).toEqual([]);
  });

  test('of a mix are looked at one by one', () => {
    const mix = '[{ size: 64 B, weight: 1 }, { size: 65537 B, weight: 2 }]';
    refused(changed(SHORT, 'size: 64 B', `size: ${mix}`), '[{ size', `workloads.bulk.size: ${PACKET}`);
  });

  test('a mix weighs something', () => {
    const mix = '[{ size: 64 B, weight: 0 }]';
    expect(mistakes(changed(SHORT, 'size: 64 B', `size: ${mix}`)).join()).toMatch(/weight/);
  });
});

describe('rings', () => {
  const ring = (kind: string, tunable: string): string =>
    with_(`parameters: { ${kind}: { tunables: { ${tunable} } } }`);

  test.each(['virtio-net', 'vhost-net'])(
    'of %s are powers of two, at least 256, as QEMU takes them',
    (kind) => {
      const rule = 'a virtqueue of QEMU has a power of two of at least 256 entries, not';
      refused(
        ring(kind, 'tx_queue_size: 200'),
        '200 }',
        `parameters.${kind}.tunables.tx_queue_size: ${rule} 200`,
      );
      refused(
        ring(kind, 'rx_queue_size: 128'),
        '128',
        `parameters.${kind}.tunables.rx_queue_size: ${rule} 128`,
      );
      refused(
        ring(kind, 'rx_queue_size: 2048'),
        '2048',
        `parameters.${kind}.tunables.rx_queue_size: 2048 entries are more than the 1024 that ${kind} supports`,
      );
      refused(
        ring(kind, 'tx_queue_size: 512'),
        '512',
        `parameters.${kind}.tunables.tx_queue_size: 512 entries are more than the 256 that ${kind} supports; ${kind} takes more only for receive`,
      );
      expect(mistakes(ring(kind, 'rx_queue_size: 1024, tx_queue_size: 256'))).toEqual([]);
    },
  );

  test.each(['0', '-256', '1e400', '.nan', '256.5'])('of %s entries are refused', (size) => {
    const found = mistakes(ring('vhost-net', `rx_queue_size: ${size}`));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^short\.yaml:\d+:\d+: parameters\.vhost-net\.tunables\.rx_queue_size: /);
  });
});

describe('lengths of time', () => {
  // 2^53 ps are 9,007 s; the warm-up takes its part.
  test('a trial is at most as long as whole picoseconds are exact', () => {
    const text = changed(SHORT, 'measure: 2 ms, warmUp: 200 us', 'measure: 5000 s, warmUp: auto');
    expect(mistakes(text)).toHaveLength(1);
    expect(mistakes(text)[0]).toMatch(/run\.measure: a trial is at most 9007\.\d+ simulated seconds/);
    const given = changed(SHORT, 'measure: 2 ms, warmUp: 200 us', 'measure: 4000 s, warmUp: 6000 s');
    expect(mistakes(given).join()).toMatch(/a trial is at most/);
  });

  test('the first idle state begins at once, and the others after it', () => {
    const states = (list: string): string => with_(`host: { idleStates: [${list}] }`);
    const late = states('{ name: C1, after: 1 us, exitLatency: 1 us }');
    refused(late, '[{ name: C1', 'host.idleStates: the first idle state must begin after 0 us');
    const mixed = states(
      '{ name: C0, after: 0 us, exitLatency: 0 us }, { name: C6, after: 9 us, exitLatency: 9 us }, { name: C1, after: 5 us, exitLatency: 1 us }',
    );
    expect(mistakes(mixed).join()).toMatch(/idleStates/);
  });

  test.each([
    ['host: { scheduler: { tick: 0 us } }', /host\.scheduler\.tick/],
    ['host: { scheduler: { slice: 0 us } }', /host\.scheduler\.slice/],
    ['host: { nic: { rate: 0 bit/s } }', /host\.nic\.rate/],
    ['host: { nic: { pcieRate: 0 bit/s } }', /host\.nic\.pcieRate/],
  ])('%s stands still and is refused', (line, path) => {
    expect(mistakes(with_(line)).join()).toMatch(path);
  });

  test.each(['0 /s', '0.001 /s', '1e15 /s'])('a rate of %s cannot be simulated and is refused', (rate) => {
    const text = changed(SHORT, 'rate: 20 k/s', `rate: ${rate}`);
    expect(mistakes(text).join()).toContain(`short.yaml:${placeOf(text, rate)}: workloads.bulk.rate: `);
  });
});

describe('expectations', () => {
  const expecting = (entry: string): string =>
    `${SHORT}expect:\n  - { ${entry}, because: an order argument }\n`;

  test('speak of workloads and datapaths that are run', () => {
    const workload = expecting('metric: latency.p50, workload: rcp, below: 1 us');
    expect(mistakes(workload)).toEqual([
      `short.yaml:${placeOf(workload, 'rcp')}: expect[0].workload: there is no workload "rcp" — did you mean "rpc"?`,
    ]);
    const datapath = expecting('metric: latency.p50, workload: rpc, datapath: sriov, below: 1 us');
    expect(mistakes(datapath)).toEqual([
      `short.yaml:${placeOf(datapath, 'sriov')}: expect[0].datapath: the scenario does not run "sriov"`,
    ]);
  });

  test('speak of points that are run', () => {
    const swept = (where: string): string =>
      `${expecting(`metric: latency.p50, workload: rpc, where: { ${where} }, below: 1 us`)}sweep: { run.seed: [1, 2] }\n`;
    expect(mistakes(swept('run.seed: 2'))).toEqual([]);
    expect(mistakes(swept('run.seed: 3')).join()).toMatch(/expect\[0\]\.where: run\.seed is never "3"/);
    expect(mistakes(swept('run.sed: 2')).join()).toMatch(
      /does not sweep "run\.sed" — did you mean "run\.seed"\?/,
    );
  });

  test('name a metric that there is', () => {
    const text = expecting('metric: latncy.p50, workload: rpc, below: 1 us');
    expect(mistakes(text).join()).toMatch(/expect\[0\]\.metric: .*"latncy.*did you mean "latency/);
  });

  test('order datapaths that are run', () => {
    const text = expecting('metric: latency.p50, workload: rpc, order: [native, srivo]');
    expect(mistakes(text).join()).toMatch(/"srivo"/);
  });

  test('say something, and of what', () => {
    expect(mistakes(expecting('metric: latency.p50, workload: rpc'))[0]).toMatch(
      /expect\[0\]: says nothing to hold: equals, below, above, between, order or saturates/,
    );
    expect(mistakes(expecting('workload: rpc, below: 1 us'))[0]).toMatch(/expect\[0\]: missing key "metric"/);
    expect(mistakes(expecting('saturates: true'))).toEqual([]);
  });

  test('say why', () => {
    const text = `${SHORT}expect: [{ metric: latency.p50, workload: rpc, below: 1 us }]\n`;
    expect(mistakes(text)[0]).toMatch(/expect\[0\]: missing key "because"/);
  });

  test('may speak of what only a case runs', () => {
    const text = `${expecting('metric: latency.p50, workload: rpc, datapath: sriov, where: { case: vf }, below: 1 us')}cases:
  plain: {}
  vf: { datapaths: [sriov] }
`;
    expect(load(text).points).toHaveLength(2);
  });
});

test('a hostile guest does not poll: its vCPU has one program', () => {
  const hostile = changed(
    SHORT,
    'backend: 1 }',
    'backend: 1 }, hostile: { misdeed: looped chain, after: 1 ms }',
  );
  const virtio = changed(hostile, '[native, vhost-net]', '[vhost-net]');
  expect(mistakes(virtio)).toEqual([]);
  const polls = changed(virtio, RUN, `parameters: { vhost-net: { guestDriver: pmd } }\n${RUN}`);
  refused(
    polls,
    '{ misdeed',
    'vms.web.hostile: a guest that polls vhost-net (guestDriver: pmd) leaves its vCPU to nobody else; take linux',
  );
});
