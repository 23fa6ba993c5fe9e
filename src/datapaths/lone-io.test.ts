/**
 * What one read of 4 KiB costs when nothing else happens: each named cost so often as the sequences of drivers and backends say, no
 * more and no less. The vCPU is halted before, between and after; every wake-up finds its thread asleep; halt polling is off.
 * Lines of the ring are left out: sixteen entries share one, so their number is no whole one.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { IDLE_POLLING } from '../accounting/idle-polling.ts';
import { DISK_CLASSES } from '../models/hardware/disk/disk-classes.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { bytes, ms, us } from '../units.ts';
import { DiskTrial } from './disk-trial.test-support.ts';
import { diskDatapathOf, diskDatapaths } from './index.ts';

type Costs = Readonly<Record<string, number>>;
/** By payer: guest code; KVM or QEMU in the vCPU's thread; the backend's thread; interrupts of host cores. */
type Bill = Readonly<
  Partial<Record<'guest' | 'vcpu-k' | 'vcpu-u' | 'backend' | 'irq' | 'application', Costs>>
>;

const sum = (...bills: readonly Bill[]): Bill => {
  const total: Record<string, Record<string, number>> = {};
  for (const [payer, costs] of bills.flatMap((bill) => Object.entries(bill))) {
    total[payer] ??= {};
    for (const [cost, count] of Object.entries(costs)) total[payer][cost] = (total[payer][cost] ?? 0) + count;
  }
  return total;
};

/** A halted vCPU gets its core back and enters the guest, where an interrupt waits, and switches to a task: the tick starts again. */
const wake: Bill = {
  guest: { 'irq.entry': 1, 'task.switch': 1 },
  'vcpu-k': { 'host.contextSwitch': 1, 'exit.light': 1, 'exit.msr': 1 },
};
/** The tick stops, then HLT, whose exit is counted when it ends. */
const goIdle: Bill = { guest: { 'idle.enter': 1 }, 'vcpu-k': { 'exit.msr': 1 } };

/**
 * The guest's part on every datapath: the timer of the job wakes it (and is set for the next time), one system call, to sleep;
 * the disk's interrupt wakes it again.
 */
const guest: Bill = sum(wake, goIdle, wake, goIdle, {
  guest: { 'app.work': 2, syscall: 1, 'block.submit': 1, 'block.complete': 1 },
  'vcpu-k': { 'exit.msr': 1 },
});

/** The host's block layer and driver, in whoever calls into it; and the disk's interrupt, which wakes that one. */
const hostSubmit = { 'block.submit': 1, 'nvme.submit': 1, 'nvme.doorbell': 1 };
const hostInterrupt: Bill = {
  irq: { 'host.irqEntry': 1, 'block.complete': 1, 'nvme.complete': 1, 'nvme.doorbell': 1, 'wake.waker': 1 },
};
const io_submit = { 'linuxAio.submit': 1, 'linuxAio.perRequest': 1 };

/** So many accesses of registers that a monitor emulates. */
const heavyOf = (dispatch: string, count: number): Bill => ({
  'vcpu-k': { 'exit.heavy': count },
  'vcpu-u': { [dispatch]: count },
});
const heavy = (count: number): Bill => heavyOf('qemu.mmio', count);
/** SCSI and libata above a controller; QEMU submits in the exit, and completes in its main loop. */
const ata = (name: string): Bill =>
  sum(guest, hostInterrupt, {
    guest: { 'scsi.command': 1, 'scsi.done': 1 },
    'vcpu-u': { [`${name}.command`]: 1, 'qemu.block': 1, ...io_submit, ...hostSubmit },
    backend: {
      'host.contextSwitch': 1,
      'qemu.mainLoop': 1,
      'qemu.eventfdRead': 1,
      [`${name}.complete`]: 1,
      'interrupt.ioctl': 1,
      'wake.waker': 1,
    },
  });

/** A kick to a sleeping backend; three descriptors of a table, of which the device reads the table's own besides. */
const virtio: Bill = sum(guest, {
  guest: { 'virtioBlk.add': 1, 'virtioBlk.descriptor': 3, 'virtioBlk.complete': 1 },
  backend: { 'ring.descriptor': 3, 'wake.waker': 1 },
});
const kicked: Bill = { 'vcpu-k': { 'exit.kick': 1, 'wake.waker': 1 } };
const scsi: Bill = { guest: { 'scsi.command': 1, 'scsi.done': 1 } };
/** Woken for the kick and for the completion; popped and pushed. */
const iothread: Bill = sum(virtio, kicked, hostInterrupt, {
  backend: {
    'host.contextSwitch': 2,
    'iothread.wait': 2,
    'qemu.eventfdRead': 2,
    'qemu.virtqueue': 2,
    'qemu.block': 1,
    ...io_submit,
    ...hostSubmit,
    'interrupt.eventfd': 1,
  },
});

const bills: Readonly<Record<string, Bill>> = {
  native: {
    application: {
      'host.contextSwitch': 2,
      'host.timerProgram': 1,
      'app.work': 2,
      syscall: 1,
      ...hostSubmit,
    },
    irq: {
      'host.irqEntry': 1,
      'host.timerInterrupt': 1,
      'block.complete': 1,
      'nvme.complete': 1,
      'nvme.doorbell': 1,
    },
  },
  // libata waits 10 us before each of three looks at the status, and 400 ns twice.
  ide: sum(ata('ide'), heavy(26), { guest: { 'libata.delay': 3, 'libata.pause': 2 } }),
  ahci: sum(ata('ahci'), heavy(7)),
  // Two doorbells; the first wakes the main loop, which submits, and the disk's interrupt wakes it again.
  nvme: sum(guest, heavy(2), hostInterrupt, {
    guest: { 'nvme.submit': 1, 'nvme.complete': 1 },
    'vcpu-u': { 'wake.waker': 1 },
    backend: {
      'host.contextSwitch': 2,
      'qemu.mainLoop': 2,
      'qemu.eventfdRead': 1,
      'qemuNvme.command': 1,
      'qemuNvme.complete': 1,
      'qemu.block': 1,
      ...io_submit,
      ...hostSubmit,
      'interrupt.ioctl': 1,
      'wake.waker': 1,
    },
  }),
  'virtio-blk': iothread,
  'virtio-scsi': sum(iothread, scsi, { backend: { 'qemu.scsi': 1 } }),
  'vhost-scsi': sum(virtio, scsi, kicked, hostInterrupt, {
    backend: {
      'host.contextSwitch': 2,
      'vhostScsi.command': 1,
      'vhostScsi.target': 1,
      'vhostScsi.complete': 1,
      ...hostSubmit,
      'interrupt.irqfd': 1,
    },
  }),
  // No kick, no wake-up, no interrupt of the host: a look that finds the request, and one that finds its completion.
  'vhost-user-blk': sum(virtio, {
    backend: { 'pmd.poll': 4, 'spdk.vhost': 1, 'spdk.nvme': 2, 'interrupt.eventfd': 1 },
  }),
  // The vCPU sleeps: the host's handler of the wake-up vector wakes it.
  'nvme-passthrough': sum(guest, {
    guest: { 'nvme.submit': 1, 'nvme.complete': 1, 'nvme.doorbell': 2 },
    irq: { 'host.irqEntry': 1, 'vfio.wakeup': 1, 'wake.waker': 1 },
  }),
};

const payerOf = (payer: string, plane: string): keyof Bill => {
  if (plane !== 'own') return plane as 'vcpu-k' | 'vcpu-u';
  if (payer.startsWith('vm vcpu')) return 'guest';
  if (payer.endsWith(' irq')) return 'irq';
  return payer.startsWith('job') ? 'application' : 'backend';
};

const READS = 100;

/** What a read costs, on average of a hundred that have nothing to do with each other. */
const measured = (kind: string, params: unknown = {}): Bill => {
  const server = machine('server-3ghz');
  const disk = { ...DISK_CLASSES.serial, capacity: bytes(100e9), command: us(200) };
  // Nothing is mapped, and no queue of unmapped pages is flushed.
  const iommu = 'passthrough' as const;
  const quiet = { ...server, disk, iommu, haltPoll: { ...server.haltPoll, halt_poll_ns: 0 } };
  const read = { rw: 'randread', bs: 4096, iodepth: 1, batch: 1, complete: 1 } as const;
  const jobs = [{ ...read, synchronous: true, rate: READS, paced: true }];
  const { world } = new DiskTrial({
    machine: quiet,
    datapath: diskDatapathOf(kind),
    params,
    jobs,
    stop: ms(1100),
  });
  const { sim, books, cores } = world;
  const at = (time: number): void => {
    sim.run(ms(time));
    for (const core of cores) core.settleBooks();
  };
  at(15);
  const before = books.ledger.snapshot();
  at(1015);
  const bill: Record<string, Record<string, number>> = {};
  for (const { payer, plane, cost, count } of books.ledger.spending(before)) {
    if (cost === 'ring.line' || IDLE_POLLING.has(cost)) continue;
    const who = payerOf(payer, plane);
    bill[who] ??= {};
    bill[who][cost] = (bill[who][cost] ?? 0) + count / READS;
  }
  return bill;
};

test.each(diskDatapaths.map(({ kind }) => kind))('a lone read on %s', (kind) => {
  expect(measured(kind)).toEqual(bills[kind]);
});

/** Without tables, what a device reads beyond the first descriptor is two more. */
const firecracker: Bill = sum(guest, kicked, hostInterrupt, heavyOf('monitor.mmio', 2), {
  guest: { 'virtioBlk.add': 1, 'virtioBlk.descriptor': 3, 'virtioBlk.complete': 1 },
  'vcpu-k': { 'exit.decode': 1 },
  backend: {
    'host.contextSwitch': 2,
    'monitor.epollWait': 1,
    'monitor.eventfdRead': 1,
    'monitor.virtqueue': 2,
    'monitor.block': 1,
    'ring.descriptor': 2,
    syscall: 1,
    ...hostSubmit,
    'interrupt.eventfd': 1,
    'wake.waker': 1,
  },
});
/** The kick, and the worker's news, wake the iothread; a worker is woken by it and by the disk. */
const threads: Bill = sum(virtio, kicked, hostInterrupt, {
  backend: {
    'host.contextSwitch': 4,
    'iothread.wait': 2,
    'qemu.eventfdRead': 2,
    'qemu.virtqueue': 2,
    'qemu.block': 1,
    'wake.waker': 2,
    syscall: 2,
    ...hostSubmit,
    'interrupt.eventfd': 1,
  },
});

test.each([
  ['Firecracker, which waits for each I/O', { monitor: 'firecracker' }, firecracker],
  ['QEMU with a pool of threads', { aio: 'threads' }, threads],
] as const)('a lone read on virtio-blk of %s', (_, params, bill) => {
  expect(measured('virtio-blk', params)).toEqual(bill);
});

const README_ROW = /^\| ([\w.]+) \| (\d+) \| ([\w-]+) \|$/gm;

test.each(diskDatapaths.map(({ kind }) => kind))('the README of %s has its bill', (kind) => {
  const file = fileURLToPath(new URL(`${kind}/README.md`, import.meta.url));
  const [, table = ''] = readFileSync(file, 'utf8').split('## What one read costs');
  const told = [...table.matchAll(README_ROW)].map(([, cost, count, payer]) => `${payer} ${cost} ${count}`);
  const owed = Object.entries(bills[kind]).flatMap(([payer, costs]) =>
    Object.entries(costs).map(([cost, count]) => `${payer} ${cost} ${count}`),
  );
  expect(told.sort()).toEqual(owed.sort());
});
