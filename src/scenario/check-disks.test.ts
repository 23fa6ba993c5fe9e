/** What is refused of disks, and with which words; what a scenario may say of them without quoting. */
import { describe, expect, test } from 'vitest';
import { changed, workspace } from './workspace.test-support.ts';

const { mistakes, load } = workspace();

const DISK = `title: Disk
question: Does it run?
machine: profiles/server-3ghz.yaml
host: { disk: { class: nvme-tlc } }
vms: { db: {} }
workloads: { reads: { vm: db, kind: fio, rw: randread } }
datapaths: [native, virtio-blk]
run: { measure: 2 ms, warmUp: 200 us, replications: 2 }
`;

test('a disk is a class and what of it is different; null needs no quotes', () => {
  const disk = (text: string) => load(changed(DISK, '{ class: nvme-tlc }', text)).points[0].machine.disk;
  expect(disk('{ class: null, completion: 10 us }')).toMatchObject({ kind: 'null', completion: 10e6 });
  expect(disk('{ class: sata-ssd, buffer: 0 B }')).toMatchObject({
    kind: 'flash',
    command: 10.2e6,
    buffer: 0,
  });
  expect(disk('{ class: nvme-tlc, suspend: null }')).toMatchObject({ suspend: null });
});

describe('is refused, with place and reason', () => {
  test.each([
    ['class: nvme-tlc', 'class: nvme-tlc, rotation: 8 ms', 'a disk of class nvme-tlc has no "rotation"'],
    ['class: nvme-tlc', 'class: hdd-7200, channels: 4', 'a disk of class hdd-7200 has no "channels"'],
    [
      '[native, virtio-blk]',
      '[native, vhost-net]',
      'vhost-net leads to the network, and db has fio jobs, which need a disk',
    ],
    [
      'kind: fio, rw: randread',
      'kind: stream',
      'virtio-blk leads to a disk, and db has workloads of the network',
    ],
    ['db: {}', 'db: { vcpus: 2, pin: { vcpus: [0] } }', 'needs one entry for each vCPU'],
    ['rw: randread', 'rw: randread, ioengine: psync, iodepth: 4', 'psync has one I/O under way'],
    ['rw: randread', 'rw: randread, bs: 1 MiB', '512 KiB'],
    ['db: {}', 'db: { swiotlb: {} }', 'virtio-blk passes them by without iommu_platform'],
    ['rw: randread', 'rw: randread, cpus_allowed: [1]', 'there is no vCPU 1: db has 1, counted from 0'],
    [
      'rw: randread',
      'rw: read, offset: 3000000000000 B',
      '0 B are left for its jobs, less than one I/O of 4096 B',
    ],
    ['rw: randread', 'rw: read, size: 1 KiB', '1024 B are left for its jobs'],
    ['rw: randread', 'iodepth: 4', 'or a log, read_iolog, in its place'],
    ['rw: randread', 'rw: read, read_iolog: "x"', 'or a log, read_iolog, in its place'],
    ['rw: randread', 'read_iolog: "x"', 'line 1 of the log: expected "fio version 3 iolog"'],
    [
      'class: nvme-tlc } }\nvms: { db: {} }\nworkloads: { reads: { vm: db, kind: fio, rw: randread',
      'class: null, capacity: 1 KiB } }\nvms: { db: {} }\nworkloads: { reads: { vm: db, kind: fio, read_iolog: "fio version 2 iolog\\nf read 0 4096"',
      'its longest I/O is longer than the disk, 1024 B',
    ],
    ['rw: randread', 'read_iolog: "x", rate_iops: 5 /s', 'a log has times of its own'],
  ])('%j → %j', (from, to, words) => {
    expect(mistakes(changed(DISK, from, to)).join('\n')).toContain(words);
  });

  test('bounce buffers that jobs could fill, or that a datapath or its commands do not go with', () => {
    const bounced = changed(DISK, 'db: {}', 'db: { swiotlb: { size: 1 MiB } }');
    const on = (kind: string, job = '') =>
      mistakes(
        changed(changed(bounced, '[native, virtio-blk]', `[${kind}]`), 'rw: randread', `rw: read${job}`),
      ).join('\n');
    expect(on('nvme')).toBe('');
    expect(on('nvme', ', iodepth: 128')).toContain(
      'I/Os of 2 MiB under way, more than the bounce buffers hold',
    );
    expect(on('nvme', ', bs: 512 KiB')).toContain('Linux would cut I/Os of more than 256 KiB');
    expect(on('vhost-scsi')).toContain('vhost-scsi with bounce buffers is not modelled');
    const behind = changed(bounced, 'size: 1 MiB }', 'size: 1 MiB }, viommu: { device: intel-iommu }');
    expect(mistakes(behind).join('\n')).toContain('behind an IOMMU that the guest sees are not modelled');
  });

  test('polling without poll queues, or with some for some vCPUs', () => {
    const polling = changed(DISK, 'rw: randread', 'rw: randread, hipri: true');
    expect(mistakes(polling).join('\n')).toContain('needs poll queues of native, e.g. poll_queues: 1');
    const some = `${changed(polling, '[native, virtio-blk]', '[virtio-blk]')}parameters: { virtio-blk: { tunables: { poll_queues: 3 } } }\n`;
    expect(mistakes(some).join('\n')).toContain('poll_queues is 3, and db has 1 vCPUs');
    expect(mistakes(changed(some, 'poll_queues: 3', 'poll_queues: 1'))).toEqual([]);
    const none = changed(polling, '[native, virtio-blk]', '[ide]');
    expect(mistakes(none).join('\n')).toContain('needs poll queues of ide, which it does not have here');
  });

  test('queues of MMIO beside each other, and queues that vCPUs share where that is not modelled', () => {
    const two = changed(changed(DISK, 'db: {}', 'db: { vcpus: 2 }'), '[native, virtio-blk]', '[virtio-blk]');
    const on = (params: string, text = two) =>
      mistakes(`${text}parameters: { virtio-blk: ${params} }\n`).join('\n');
    expect(on('{ transport: mmio }')).toContain(
      'one interrupt on MMIO for 2 queues is not modelled; set parameters.virtio-blk.tunables.num-queues: 1',
    );
    expect(on('{ transport: mmio, tunables: { num-queues: 1 } }')).toBe('');
    expect(on('{ monitor: firecracker }')).toBe('');
    expect(on('{ monitor: firecracker, tunables: { num-queues: 2 } }')).toContain('is a property of QEMU');
    expect(on('{ tunables: { num-queues: 1, poll_queues: 2 } }')).toContain('beside queues that they share');
    expect(
      on('{ tunables: { num-queues: 1, iothread-vq-mapping: [{ iothread: a, vqs: [0, 1] }] } }'),
    ).toContain('there is no queue 1: the device has 1');
    const behind = changed(two, 'vcpus: 2', 'vcpus: 2, viommu: { device: intel-iommu }');
    expect(on('{ tunables: { num-queues: 1, iommu_platform: true } }', behind)).toContain(
      'vCPUs that share a queue of virtio-blk behind an IOMMU that the guest sees are not modelled',
    );
    expect(on('{ tunables: { num-queues: 1 } }', behind)).toBe('');
  });

  test('more vCPUs for the network', () => {
    const network = changed(
      changed(DISK, 'kind: fio, rw: randread', 'kind: stream'),
      'virtio-blk',
      'vhost-net',
    );
    expect(mistakes(changed(network, 'db: {}', 'db: { vcpus: 2 }')).join('\n')).toContain(
      'more than one vCPU is modelled for VMs with fio jobs alone',
    );
  });

  test('a network and a disk in one VM, but for bare metal', () => {
    const both = changed(DISK, 'rw: randread }', 'rw: randread }, rpc: { vm: db, kind: request-response }');
    expect(mistakes(both).join('\n')).toContain(
      'need a network and a disk, and virtio-blk leads to one of them',
    );
    expect(mistakes(changed(both, ', virtio-blk', ''))).toEqual([]);
  });

  test.each([
    ['[{ iothread: a, vqs: [0] }]', 'queue 1 has no iothread'],
    ['[{ iothread: a, vqs: [0, 1, 2] }]', 'there is no queue 2'],
    ['[{ iothread: a }, { iothread: a }]', 'names an iothread twice'],
    ['[{ iothread: a, vqs: [0] }, { iothread: b }]', 'either all entries list their vqs or none does'],
    ['[{ iothread: a, vqs: [0, 1] }, { iothread: b, vqs: [1] }]', 'gives a queue to two iothreads'],
  ])('the mapping %s', (mapping, words) => {
    const two = changed(DISK, 'db: {}', 'db: { vcpus: 2 }');
    const text = `${two}parameters: { virtio-blk: { tunables: { iothread-vq-mapping: ${mapping} } } }\n`;
    expect(mistakes(text).join('\n')).toContain(words);
  });
});
