/**
 * What one small packet costs when nothing else happens: each named cost so often as the event sequences of
 * drivers and backends say, no more and no less. Prices are distinct primes, so that no two sums can be mistaken.
 *
 * The vCPU is halted before, between and after; every wake-up finds its thread asleep; halt polling is off.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { IDLE_POLLING } from '../accounting/idle-polling.ts';
import { OpenLoopSender } from '../models/guest/applications/open-loop-sender.ts';
import { Receiver } from '../models/guest/applications/receiver.ts';
import { RequestClient } from '../models/guest/applications/request-client.ts';
import { fixedSize } from '../models/guest/arrivals.ts';
import { NetStack } from '../models/guest/net-stack.ts';
import { SOCKET_MEMORY, Socket } from '../models/guest/socket.ts';
import { machine } from '../scenario/machines.test-support.ts';
import { ms, ps, us } from '../units.ts';
import { datapathOf, datapaths } from './index.ts';
import type { Machine } from './machine.ts';
import { World } from './world.ts';

/** Who pays: guest code; KVM or QEMU in the vCPU's thread; the backend's thread; the core of the host NIC's interrupts. */
const PAYERS = ['guest', 'vcpu-k', 'vcpu-u', 'backend', 'irq core'] as const;
type Payer = (typeof PAYERS)[number];

/** Occurrences by payer and cost. */
type Bill = Partial<Record<Payer, Readonly<Record<string, number>>>>;

const SIZE = 60;

const sum = (...bills: readonly Bill[]): Bill => {
  const total: Record<string, Record<string, number>> = {};
  for (const bill of bills) {
    for (const [payer, costs] of Object.entries(bill)) {
      total[payer] ??= {};
      const mine = total[payer];
      for (const [cost, count] of Object.entries(costs)) mine[cost] = (mine[cost] ?? 0) + count;
    }
  }
  return total;
};

// --- the pieces of the sequences -------------------------------------------------------------------------------------

/** W(vCPU): a halted vCPU gets its core back and enters the guest (the HLT exit ends). */
const wakeVcpu: Bill = { 'vcpu-k': { 'host.contextSwitch': 1, 'exit.light': 1 } };
/** A task runs after idle: it is switched to, and the tick starts again (TSC_DEADLINE write). */
const runTask: Bill = { guest: { 'task.switch': 1 }, 'vcpu-k': { 'exit.msr': 1 } };
/** The guest goes idle: the tick stops (TSC_DEADLINE write), then HLT, whose exit is counted when it ends. */
const goIdle: Bill = { guest: { 'idle.enter': 1 }, 'vcpu-k': { 'exit.msr': 1 } };
/** An interrupt of a vCPU that was halted; with APICv neither delivery nor EOI exits. */
const interrupt: Bill = { guest: { 'irq.entry': 1 } };
/** The sender's timer wakes it, and is set for the next time (TSC_DEADLINE write). */
const timerWake: Bill = sum(wakeVcpu, interrupt, runTask, { 'vcpu-k': { 'exit.msr': 1 } });
/** An interrupt wakes the vCPU and schedules NAPI, which finds little and completes. */
const napiWake: Bill = sum(wakeVcpu, interrupt, { guest: { 'napi.schedule': 1, 'napi.complete': 1 } });

/** From the system call to the driver. */
const send = { 'app.work': 1, syscall: 1, 'stack.tx': 1, 'copy.perByte': SIZE };
/** From the socket to the application. */
const receive = { 'app.work': 1, syscall: 1, 'socket.receive': 1, 'copy.perByte': SIZE };

/** The host NIC's completion interrupt: NAPI frees the frame and unmasks with one register write. */
const hostTxDone: Bill = {
  'irq core': {
    'host.irqEntry': 1,
    'napi.schedule': 1,
    'nicDriver.txClean': 1,
    'iommu.unmapLazy': 1,
    'napi.complete': 1,
    'nicDriver.doorbell': 1,
  },
};
/** The host NIC's receive interrupt: driver, bridge and tap; the buffer is unmapped and its successor mapped. */
const hostRx: Bill = {
  'irq core': {
    'host.irqEntry': 1,
    'napi.schedule': 1,
    'nicDriver.rx': 1,
    'host.stackRx': 1,
    'iommu.unmapLazy': 1,
    'iommu.map': 1,
    'napi.complete': 1,
    'nicDriver.doorbell': 1,
  },
};
/** W(backend): the softirq that forwards the frame wakes the thread that reads the tap. */
const wakeReader: Bill = { 'irq core': { 'wake.waker': 1 } };
/** One copy of the packet. */
const copy = { 'copy.setup': 1, 'copy.perByte': SIZE };
const twoCopies = { 'copy.setup': 2, 'copy.perByte': 2 * SIZE };
/** tun, bridge, qdisc and NIC driver, in whoever calls into them. */
const hostTx = { 'host.stackTx': 1, 'iommu.map': 1, 'nicDriver.tx': 1, 'nicDriver.doorbell': 1 };

// --- the datapaths ---------------------------------------------------------------------------------------------------

/** 1L + W(backend); later I, by the 3/4 rule: a lone packet's completion interrupts. */
const virtioTransmit: Bill = sum(
  timerWake,
  { guest: { ...send, 'virtioNet.tx': 1 }, 'vcpu-k': { 'exit.kick': 1, 'wake.waker': 1 } },
  goIdle,
  hostTxDone,
  napiWake,
  // Lines of the ring: the kick's event index, and the used index with its entry.
  { guest: { 'virtioNet.txClean': 1, 'ring.line': 2 } },
  goIdle,
);
/** W(vCPU) → I (0 H) → NAPI → app. */
const virtioReceive: Bill = sum(
  hostRx,
  wakeReader,
  napiWake,
  // The used index and its entry are one line of the ring.
  { guest: { 'virtioNet.rx': 1, 'stack.rx': 1, 'ring.line': 1 } },
  runTask,
  { guest: receive },
  goIdle,
);
/** Lines that the backend fetches: the avail index with its entry, the descriptor, the interrupt's event index. */
const backendLines = { 'ring.line': 3 };
/** The line of the avail index, and four descriptors in one: a second response finds them fetched for the first. */
const fetchedBefore: Bill = { backend: { 'ring.line': -2 } };

/** One access of an emulated register: exit to QEMU and back. */
const heavy = (count: number): Bill => ({
  'vcpu-k': { 'exit.heavy': count },
  'vcpu-u': { 'qemu.mmio': count },
});
/** INTx whose handler, with what follows it, makes so many accesses. */
const levelInterrupt = (accesses: number): Bill =>
  sum(interrupt, heavy(accesses), { 'vcpu-k': { 'exit.eoi': 1 } });
/** Per interrupt: ICR, IMC, STATUS, EOI (INTx is level-triggered), and IMS, STATUS when NAPI is done. */
const e1000Interrupt: Bill = sum(levelInterrupt(5), { guest: { 'napi.schedule': 1, 'napi.complete': 1 } });
/** A message of QEMU's to a halted vCPU, sent by the main loop. */
const message = { 'interrupt.ioctl': 1, 'wake.waker': 1 };
/** The end of e1000e's throttle gap, 128 us after each message: one more, for nothing; each handler writes IMS. */
const throttleOver: Bill = {
  backend: { 'host.contextSwitch': 1, 'qemu.mainLoop': 1, ...message },
};
/** The mitigation timer, 128 us after each edge, runs in the main loop. */
const mitigationOver: Bill = { backend: { 'host.contextSwitch': 1, 'qemu.mainLoop': 1 } };

/** Bare metal has one core and no vCPU: the thread's own switch, timer and interrupts. */
const nativeIrq = { 'host.irqEntry': 1, 'napi.schedule': 1, 'napi.complete': 1, 'nicDriver.doorbell': 1 };

interface Expected {
  readonly transmit: Bill;
  readonly receive: Bill;
  /** What the second of two round trips pays besides the sum of both; less, where it is negative. */
  readonly again?: Bill;
}

const expected: Readonly<Record<string, Expected>> = {
  native: {
    // Timer, thread, stack, driver with doorbell; later the completion interrupt.
    transmit: sum(
      { guest: { 'host.timerInterrupt': 1, 'host.timerProgram': 1, 'host.contextSwitch': 1 } },
      { guest: { ...send, 'iommu.map': 1, 'nicDriver.tx': 1, 'nicDriver.doorbell': 1 } },
      { guest: { ...nativeIrq, 'nicDriver.txClean': 1, 'iommu.unmapLazy': 1 } },
    ),
    receive: sum(
      { guest: { ...nativeIrq, 'nicDriver.rx': 1, 'stack.rx': 1, 'iommu.unmapLazy': 1, 'iommu.map': 1 } },
      { guest: { 'host.contextSwitch': 1, ...receive } },
    ),
  },

  rtl8139: {
    // 1 H (TxPoll) + checksum + 1 S + 2 C; then I, raised inside the exit: IntrMask, IntrStatus read, IntrStatus written.
    transmit: sum(
      timerWake,
      { guest: { ...send, 'rtl8139Driver.tx': 1 } },
      heavy(1),
      {
        'vcpu-u': {
          ...{ 'rtl8139.tx': 1, 'qemu.checksumPerByte': SIZE, 'tap.write': 1, ...twoCopies, ...hostTx },
          'interrupt.ioctl': 1,
        },
      },
      levelInterrupt(3),
      { guest: { 'rtl8139Driver.txClean': 1 } },
      goIdle,
      hostTxDone,
    ),
    // … → S(read) → C + CRC + C → KVM_IRQ_LINE → W(vCPU) → I: the same three, IntrMask written and read; NAPI:
    // IntrStatus written; done: IntrMask written and read.
    receive: sum(
      hostRx,
      wakeReader,
      {
        backend: {
          ...{ 'host.contextSwitch': 1, 'qemu.mainLoop': 1, 'tap.read': 1, 'tap.readEmpty': 1 },
          ...{ 'rtl8139.rx': 1, 'rtl8139.crcPerByte': SIZE, ...twoCopies, ...message },
        },
      },
      wakeVcpu,
      levelInterrupt(8),
      { guest: { 'napi.schedule': 1, 'rtl8139Driver.rx': 1, 'stack.rx': 1, 'napi.complete': 1 } },
      runTask,
      { guest: receive },
      goIdle,
    ),
  },

  e1000: {
    // 1 H (TDT: all host transmit work inside) + 1 S + 2 C; then I, raised inside the exit: 5 H + EOI.
    transmit: sum(
      timerWake,
      { guest: { ...send, 'e1000Driver.tx': 1 } },
      heavy(1),
      { 'vcpu-u': { 'e1000.tx': 1, 'tap.write': 1, ...twoCopies, ...hostTx } },
      // The vCPU is in an exit: the interrupt is noted, without an IPI, and taken at the next entry.
      { 'vcpu-u': { 'interrupt.ioctl': 1 } },
      e1000Interrupt,
      { guest: { 'e1000Driver.txClean': 1 } },
      goIdle,
      hostTxDone,
      mitigationOver,
    ),
    // tap ring → W(main) → S(read) → C + C → KVM_IRQ_LINE → W(vCPU) → I: 5 H + EOI + light RDT → app.
    receive: sum(
      hostRx,
      wakeReader,
      {
        backend: {
          'host.contextSwitch': 1,
          'qemu.mainLoop': 1,
          'tap.read': 1,
          'tap.readEmpty': 1,
          'e1000.rx': 1,
          ...twoCopies,
          'interrupt.ioctl': 1,
          'wake.waker': 1,
        },
      },
      wakeVcpu,
      e1000Interrupt,
      { guest: { 'e1000Driver.rx': 1, 'stack.rx': 1 }, 'vcpu-k': { 'exit.coalesced': 1 } },
      runTask,
      { guest: receive },
      goIdle,
      mitigationOver,
    ),
  },

  e1000e: {
    // 1 H (TDT) + 1 S + 1 C; then I, raised inside the exit: 1 H (IMS), no EOI exit; the same again 128 us later.
    transmit: sum(
      timerWake,
      { guest: { ...send, 'e1000eDriver.tx': 1 } },
      heavy(1),
      { 'vcpu-u': { 'e1000e.tx': 1, 'tap.write': 1, ...copy, ...hostTx, 'interrupt.ioctl': 1 } },
      interrupt,
      { guest: { 'e1000eDriver.txClean': 1 } },
      heavy(1),
      goIdle,
      hostTxDone,
      throttleOver,
      wakeVcpu,
      interrupt,
      heavy(1),
      goIdle,
    ),
    // tap ring → W(main) → S(read) → C + C → KVM_SIGNAL_MSI → W(vCPU) → I → NAPI: 1 H (IMS) → app; again 128 us later.
    receive: sum(
      hostRx,
      wakeReader,
      {
        backend: {
          'host.contextSwitch': 1,
          'qemu.mainLoop': 1,
          'tap.read': 1,
          'tap.readEmpty': 1,
          'e1000e.rx': 1,
          ...twoCopies,
          ...message,
        },
      },
      napiWake,
      { guest: { 'e1000eDriver.rx': 1, 'stack.rx': 1 } },
      heavy(1),
      runTask,
      { guest: receive },
      goIdle,
      throttleOver,
      napiWake,
      heavy(1),
      goIdle,
    ),
    // The second frame received fills buffer 0, and RDT is written for every 16th.
    again: heavy(1),
  },

  'virtio-net': {
    // 1L + W(main) + S(read eventfd) + BH loop + S(writev) + 1C + I by KVM_SIGNAL_MSI.
    again: fetchedBefore,
    transmit: sum(virtioTransmit, {
      backend: {
        'host.contextSwitch': 1,
        'qemu.mainLoop': 2,
        'qemu.eventfdRead': 1,
        'qemu.virtqueue': 1,
        'tap.write': 1,
        ...copy,
        ...hostTx,
        'interrupt.ioctl': 1,
        'wake.waker': 1,
        ...backendLines,
      },
    }),
    // W(main) → S(read) → 2C → KVM_SIGNAL_MSI.
    receive: sum(virtioReceive, {
      backend: {
        'host.contextSwitch': 1,
        'qemu.mainLoop': 1,
        'tap.read': 1,
        'tap.readEmpty': 1,
        'qemu.virtqueue': 1,
        ...twoCopies,
        'interrupt.ioctl': 1,
        'wake.waker': 1,
        ...backendLines,
      },
    }),
  },

  'vhost-net': {
    // 1L + W(vhost) + 1C + sendmsg; I by irqfd.
    again: fetchedBefore,
    transmit: sum(virtioTransmit, {
      backend: {
        'host.contextSwitch': 1,
        'vhost.handler': 1,
        'vhost.tx': 1,
        ...copy,
        ...hostTx,
        'interrupt.irqfd': 1,
        'wake.waker': 1,
        ...backendLines,
      },
    }),
    // W(vhost) → 1C → irqfd (no S).
    receive: sum(virtioReceive, {
      backend: {
        'host.contextSwitch': 1,
        'vhost.handler': 1,
        'vhost.rx': 1,
        ...copy,
        'interrupt.irqfd': 1,
        'wake.waker': 1,
        ...backendLines,
      },
    }),
  },

  'vhost-user': {
    // The stale event index lets the very first kick through; nobody waits for it.
    again: sum(fetchedBefore, { 'vcpu-k': { 'exit.kick': -1 } }),
    // 0 W: the thread polls, two queues a look. 1C; I, since the guest asks for its lone packet's completion.
    transmit: sum(
      timerWake,
      { guest: { ...send, 'virtioNet.tx': 1 }, 'vcpu-k': { 'exit.kick': 1 } },
      goIdle,
      {
        backend: {
          'pmd.poll': 2,
          'vhostUser.tx': 1,
          ...copy,
          'interrupt.eventfd': 1,
          'wake.waker': 1,
          'pmd.forward': 1,
          'pmd.nicTx': 1,
          'nicDriver.doorbell': 1,
          ...backendLines,
        },
      },
      napiWake,
      // Nobody ever writes the kick's event index; the used index and its entry are one line.
      { guest: { 'virtioNet.txClean': 1, 'ring.line': 1 } },
      goIdle,
    ),
    // rx burst → 1C → used publish → need_event: write(call eventfd) S → irqfd → W(vCPU) → I.
    receive: sum(
      {
        backend: {
          'pmd.poll': 2,
          'pmd.nicRx': 1,
          'pmd.forward': 1,
          'nicDriver.doorbell': 1,
          'vhostUser.rx': 1,
          ...copy,
          'interrupt.eventfd': 1,
          'wake.waker': 1,
          ...backendLines,
        },
      },
      napiWake,
      { guest: { 'virtioNet.rx': 1, 'stack.rx': 1, 'ring.line': 1 } },
      runTask,
      { guest: receive },
      goIdle,
    ),
  },

  vdpa: {
    // The transmit ring's used line holds the flags too; the driver has read it since the device wrote them.
    again: { guest: { 'ring.line': -2 } },
    // 0 exits: virtio's driver, and a doorbell store as of a VF.
    transmit: sum(
      timerWake,
      { guest: { ...send, 'virtioNet.tx': 1, 'nicDriver.doorbell': 1 } },
      goIdle,
      { 'irq core': { 'host.irqEntry': 1, 'vfio.wakeup': 1, 'wake.waker': 1 } },
      napiWake,
      // Without EVENT_IDX the device asks for the doorbell by flags beside the used index, whose entry is in the same line.
      { guest: { 'virtioNet.txClean': 1, 'ring.line': 2 } },
      goIdle,
    ),
    receive: sum(
      { 'irq core': { 'host.irqEntry': 1, 'vfio.wakeup': 1, 'wake.waker': 1 } },
      napiWake,
      // The used index with its entry; and the poll, which also cleans the transmit ring, finds the flags written there.
      { guest: { 'virtioNet.rx': 1, 'stack.rx': 1, 'ring.line': 2 } },
      runTask,
      { guest: receive },
      goIdle,
    ),
  },

  sriov: {
    // 0 exits, doorbell store, NIC DMA. The completion's MSI-X finds the vCPU blocked: wake-up vector to the host.
    transmit: sum(
      timerWake,
      { guest: { ...send, 'nicDriver.tx': 1, 'nicDriver.doorbell': 1 } },
      goIdle,
      { 'irq core': { 'host.irqEntry': 1, 'vfio.wakeup': 1, 'wake.waker': 1 } },
      napiWake,
      { guest: { 'nicDriver.txClean': 1, 'nicDriver.doorbell': 1 } },
      goIdle,
    ),
    // NIC DMA → MSI-X → wake-up vector to the host → W(vCPU) → I → NAPI.
    receive: sum(
      { 'irq core': { 'host.irqEntry': 1, 'vfio.wakeup': 1, 'wake.waker': 1 } },
      napiWake,
      { guest: { 'nicDriver.rx': 1, 'stack.rx': 1, 'nicDriver.doorbell': 1 } },
      runTask,
      { guest: receive },
      goIdle,
    ),
  },
};

/** virtio-net with other parameters than the README's table has. */
const byMonitor: Readonly<Record<string, Expected & { readonly params: unknown }>> = (() => {
  /** epoll_wait, and no second iteration; the interrupt by a write to the irqfd. */
  const loop = { 'host.contextSwitch': 1, 'monitor.epollWait': 1, 'monitor.virtqueue': 1 };
  const irqfd = { 'interrupt.eventfd': 1, 'wake.waker': 1 };
  /** 1L + W(loop) + S(read eventfd) + S(writev) + 1C + S(write irqfd). */
  const transmit: Bill = {
    backend: {
      ...loop,
      'monitor.eventfdRead': 1,
      'tap.write': 1,
      ...copy,
      ...hostTx,
      ...irqfd,
      ...backendLines,
    },
  };
  /** W(loop) → S(readv) + 1C → S(readv: EAGAIN) → S(write irqfd). */
  const received: Bill = {
    backend: { ...loop, 'tap.read': 1, 'tap.readEmpty': 1, ...copy, ...irqfd, ...backendLines },
  };
  const secondCopy: Bill = { backend: copy };
  /** InterruptStatus read, InterruptACK written: by an edge, so that the EOI does not exit. */
  const twoRegisters: Bill = { 'vcpu-k': { 'exit.heavy': 2 }, 'vcpu-u': { 'monitor.mmio': 2 } };
  const decoded: Bill = { 'vcpu-k': { 'exit.decode': 1 } };
  /**
   * No MRG_RXBUF, so buffers of 19 descriptors: five lines instead of one. The line of the interrupt's event index, which
   * the ring's last entries share, is still unwritten: 13 buffers fill it.
   */
  const bigBuffer: Bill = { backend: { 'ring.descriptor': 18, 'ring.line': 4 - 1 } };
  /** No line was fetched before. Of 256 slots more than 32 are free after two: the refill asks whether to kick. */
  const refilled: Bill = { guest: { 'ring.line': 1 } };
  const again = fetchedBefore;
  const onPci = { again, transmit: sum(virtioTransmit, transmit), receive: sum(virtioReceive, received) };
  const onMmio = {
    again,
    transmit: sum(onPci.transmit, twoRegisters, decoded),
    receive: sum(onPci.receive, twoRegisters),
  };
  return {
    'cloud-hypervisor': {
      transmit: onPci.transmit,
      receive: sum(onPci.receive, bigBuffer),
      again: refilled,
      params: { monitor: 'cloud-hypervisor' },
    },
    'firecracker by PCI': { ...onPci, params: { monitor: 'firecracker', transport: 'pci' } },
    firecracker: { ...onMmio, params: { monitor: 'firecracker' } },
    'firecracker, interrupts decided per request': {
      ...onMmio,
      params: { monitor: 'firecracker', signal: 'per-request' },
    },
    'firecracker before 1.10': {
      ...onMmio,
      receive: sum(onMmio.receive, secondCopy),
      params: { monitor: 'firecracker', rxCopies: 2 },
    },
  };
})();

// --- the measurement -------------------------------------------------------------------------------------------------

const isPrime = (n: number): boolean => {
  for (let d = 2; d * d <= n; d++) if (n % d === 0) return false;
  return true;
};

/** What the guest pays is of the order of ns, what the host pays of us: the guest is asleep when the host is done. */
const GUEST =
  /^(app|syscall|stack|socket|task|virtioNet|e1000e?Driver|rtl8139Driver|nicDriver|napi|irq|idle|exit|copy\.perByte)/;

const primeMachine = (): Machine => {
  const base = machine('server-3ghz');
  const next = { guest: 1_009, host: 1_000_003 };
  const costs: Record<string, number> = {};
  for (const name of base.prices.keys()) {
    const side = GUEST.test(name) ? 'guest' : 'host';
    while (!isPrime(next[side])) next[side]++;
    costs[name] = next[side]++;
  }
  return machine('server-3ghz', {
    costs,
    // Cores wake at once, so that no latency of an idle state lets two interrupts fall into one.
    idleStates: [{ name: 'none', after: ps(0), exitLatency: ps(0) }],
    haltPoll: { ...base.haltPoll, halt_poll_ns: 0 },
  });
};

type Workload = 'transmit' | 'receive' | 'request-response';

/** The bill of the one packet or round trip that begins at 50 ms. */
const measured = (kind: string, workload: Workload, params: unknown = {}): Bill => {
  const prices = primeMachine();
  const world = new World(prices, { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, peer } = world;
  const datapath = datapathOf(kind);
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const { processor, device, route } = datapath.build(world, vm, datapath.params.parse(params));
  const stack = new NetStack(processor, packets, device);
  const socket = new Socket(SOCKET_MEMORY, 16);
  const record = books.timeline.workload('w');
  const endpoint = { record, flow: 0, socket, stack, packets, sizes: fixedSize(SIZE) };
  stack.bind(0, socket);
  route(0);
  peer.role(0, { kind: 'sink' });
  switch (workload) {
    case 'transmit': {
      const times = [ms(50), ms(1e6)];
      new OpenLoopSender(processor, endpoint, { next: () => times.shift() ?? ms(2e6) });
      break;
    }
    case 'receive':
      new Receiver(processor, endpoint);
      sim.at(
        ms(50),
        sim.handler(() => peer.send(record, 0, SIZE)),
      );
      break;
    case 'request-response':
      // The first at the start, the next after thinking 50 ms.
      peer.role(0, { kind: 'server', response: SIZE, service: () => us(5) });
      new RequestClient(processor, endpoint, ms(50));
  }
  sim.run(ms(40));
  const before = books.ledger.snapshot();
  const completed = record.completed;
  // Before the IOMMU's flush queue times out, which would bill one packet for what many share.
  sim.run(ms(59));
  expect(record.completed - completed).toBe(1);

  const bill: Record<string, Record<string, number>> = {};
  const irqCore = `core${prices.irqCore}`;
  for (const { core, payer, plane, cost, busy, count } of books.ledger.spending(before)) {
    // Looking in vain lasts as long as it lasts.
    if (IDLE_POLLING.has(cost)) continue;
    expect(busy, `${payer}: ${cost}`).toBe(count * (prices.prices.get(cost)?.fixed ?? 0));
    const who =
      core === irqCore ? 'irq core' : core === 'core1' ? 'backend' : plane === 'own' ? 'guest' : plane;
    bill[who] ??= {};
    const mine = bill[who];
    mine[cost] = (mine[cost] ?? 0) + count;
  }
  return bill;
};

const roundTrip = ({ transmit, receive: received, again = {} }: Expected): Bill => {
  const twice = sum(transmit, received, again) as Record<string, Record<string, number>>;
  for (const costs of Object.values(twice)) {
    for (const [cost, count] of Object.entries(costs)) if (count === 0) delete costs[cost];
  }
  return twice;
};

describe('a lone packet pays each named cost exactly so often', () => {
  test.each(Object.keys(expected))('%s: transmit', (kind) => {
    expect(measured(kind, 'transmit')).toEqual(expected[kind].transmit);
  });

  test.each(Object.keys(expected))('%s: receive', (kind) => {
    expect(measured(kind, 'receive')).toEqual(expected[kind].receive);
  });

  test.each(Object.keys(expected))('%s: a request and its response pay the sum of both', (kind) => {
    expect(measured(kind, 'request-response')).toEqual(roundTrip(expected[kind]));
  });

  describe.each(Object.entries(byMonitor))('virtio-net of %s', (_name, { params, ...bills }) => {
    test('transmit', () => expect(measured('virtio-net', 'transmit', params)).toEqual(bills.transmit));
    test('receive', () => expect(measured('virtio-net', 'receive', params)).toEqual(bills.receive));
    test('a request and its response', () => {
      expect(measured('virtio-net', 'request-response', params)).toEqual(roundTrip(bills));
    });
  });
});

// --- the READMEs -----------------------------------------------------------------------------------------------------

/** The table as a README shows it: one line per payer and cost. */
const table = ({ transmit, receive: received }: Expected): string[] => {
  const rows: string[] = [];
  for (const payer of PAYERS) {
    const costs = new Set([...Object.keys(transmit[payer] ?? {}), ...Object.keys(received[payer] ?? {})]);
    for (const cost of costs) {
      const times = [transmit, received].map((bill) => bill[payer]?.[cost] ?? 0);
      rows.push(`| ${cost} | ${times[0]} | ${times[1]} | ${payer} |`);
    }
  }
  return rows;
};

describe('the README of each datapath has this table', () => {
  test.each(datapaths.map(({ kind }) => kind))('%s', (kind) => {
    const file = fileURLToPath(new URL(`./${kind}/README.md`, import.meta.url));
    const rows = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^\| [a-zA-Z0-9.]+ \| \d+ \| \d+ \|/.test(line));
    expect(rows).toEqual(table(expected[kind]));
  });
});
