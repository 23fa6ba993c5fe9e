/**
 * A guest that breaks a rule of its ring stops its own device (QEMU) or its own queue (vhost), and is seen to have done
 * so: what was good before is served, the rest stays in flight or is dropped at a named place.
 */

import { describe, expect, test } from 'vitest';
import { qemuOf } from '../../datapaths/qemu.ts';
import { World } from '../../datapaths/world.ts';
import { priced } from '../../scenario/machines.test-support.ts';
import { us } from '../../units.ts';
import { DescriptorTable, INDIRECT, NEXT, WRITE } from '../virtio/descriptor.ts';
import type { SplitRing } from '../virtio/split-ring.ts';
import { RingGuest } from './ring-guest.test-support.ts';
import { UserspaceVirtioNet } from './userspace-virtio-net.ts';
import { Vhost } from './vhost.ts';

const SIZE = 256;
/** Receive buffers that are in order. */
const GOOD = 4;
const TAP = 10;
/** Frames in guest memory, clear of those that the test allocates from below. */
const SOMEWHERE = 2048 * 16_000;

type Backend = 'vhost' | 'qemu';
type Queue = 'tx' | 'rx';

const bench = (backend: Backend) => {
  const world = new World(priced({}), { seed: 1, replication: 0, maxEvents: 1e6 });
  const { sim, books, packets, nic, hostNetwork: network } = world;
  const vm = { name: 'vm', vcpus: [[0]], backend: [1] };
  const vcpu = world.vcpu(vm);
  const guest = new RingGuest({ sim, books, packets, vcpu }, backend, { rxBuffers: GOOD, tapLength: TAP });
  const { tx, rx, memory, tap, txInterrupt, rxInterrupt, configInterrupt } = guest;
  const parts = { vm: 'vm', tx, rx, memory, packets, tap, network, txInterrupt, rxInterrupt };
  if (backend === 'vhost') {
    const vhost = new Vhost(books, { ...parts, inline: false });
    world.hostThread('vhost vm', [1], (cpu, thread) => vhost.program(cpu, thread));
    Object.assign(guest, { kickTx: vhost.kickTx, kickRx: vhost.kickRx });
  } else {
    const loop = qemuOf(world, vm);
    const qemu = new UserspaceVirtioNet(sim, books, {
      ...parts,
      configInterrupt,
      loop,
      transmit: { tx: 'bh', timer: us(150), burst: 256 },
    });
    Object.assign(guest, { kickTx: qemu.kickTx, kickRx: qemu.kickRx });
  }
  world.peer.role(0, { kind: 'sink' });
  return {
    guest,
    atNic: () => nic.egress.use().transfers,
    eventfdReads: () => guest.charged('qemu vm')['qemu.eventfdRead'] ?? 0,
    errors: () =>
      books.counters
        .since([])
        .filter(({ counter }) => counter.metric === 'device.errors')
        .map(({ counter, value }) => [counter.component, counter.vm, value]),
  };
};

/** Puts `head` in the place of the buffer offered last. */
const substitute = (ring: SplitRing, head: number): void => {
  ring.avail[(ring.availIdx - 1) & (SIZE - 1)] = head;
};

interface Descriptor {
  readonly address?: number;
  readonly length?: number;
  readonly flags?: number;
  readonly next?: number;
}

/** A chain of these descriptors, put into the last slots of the table, which nobody else uses. */
const chain =
  (...descriptors: readonly Descriptor[]) =>
  (ring: SplitRing): void => {
    const head = SIZE - descriptors.length;
    descriptors.forEach(({ address = SOMEWHERE, length = 72, flags = 0, next = 0 }, i) => {
      ring.table.write(head + i, address, length, flags, next);
    });
    substitute(ring, head);
  };

const viaTable = (entries: number, entry: Descriptor, flags = INDIRECT) => {
  const table = new DescriptorTable(entries);
  for (let slot = 0; slot < entries; slot++) {
    const last = slot === entries - 1;
    table.write(slot, SOMEWHERE, 72, (entry.flags ?? 0) | (last ? 0 : NEXT), last ? 0 : slot + 1);
  }
  return (ring: SplitRing): void => {
    ring.indirect.set(SOMEWHERE, table);
    chain({ length: entry.length ?? 16 * entries, flags })(ring);
  };
};

interface Mischief {
  readonly done: (ring: SplitRing) => void;
  /** What it is called; null: the backend takes no offence. */
  readonly qemu: string | null;
  readonly vhost: string | null;
}

const both = (fault: string, done: Mischief['done']): Mischief => ({ done, qemu: fault, vhost: fault });

/** What any ring refuses, the pieces being such as the queue wants: readable to transmit, writable to receive. */
const anyRing = (flags: number): readonly Mischief[] => [
  both('avail index moved by more than the ring size', (ring) => {
    ring.availIdx += SIZE + 1;
  }),
  both('head out of range', (ring) => substitute(ring, SIZE)),
  both('next out of range', chain({ flags: flags | NEXT, next: SIZE })),
  both('looped chain', chain({ flags: flags | NEXT, next: SIZE - 1 })),
  both('nested indirect table', viaTable(1, { flags }, INDIRECT | NEXT)),
  both('bad indirect table length', viaTable(1, { flags, length: 24 })),
  both('indirect table outside guest memory', chain({ flags: INDIRECT, length: 16, address: 2 ** 40 })),
  both('readable piece after a writable one', chain({ flags: WRITE | NEXT, next: SIZE - 1 }, { length: 60 })),
  both('address outside guest memory', chain({ flags, address: 2 ** 40 })),
  both('too many pieces', viaTable(1025, { flags })),
];

const transmitting: readonly Mischief[] = [
  ...anyRing(0),
  { done: chain({ length: 0 }), qemu: 'zero length', vhost: 'nothing behind the header' },
  { done: chain({ length: 11 }), qemu: 'header cut short', vhost: 'nothing behind the header' },
  {
    done: chain({ flags: WRITE }),
    qemu: 'no readable piece in a transmit buffer',
    vhost: 'writable piece in a transmit buffer',
  },
];

const receiving: readonly Mischief[] = [
  ...anyRing(WRITE),
  {
    done: chain({ length: 0, flags: WRITE }),
    qemu: 'zero length',
    vhost: 'no writable piece in a receive buffer',
  },
  {
    done: chain({}),
    qemu: 'no writable piece in a receive buffer',
    vhost: 'readable piece in a receive buffer',
  },
];

/** Three good frames, and when they are out the mischief, with a kick as for any buffer. */
const breakTx = (backend: Backend, done: Mischief['done']) => {
  const made = bench(backend);
  const { guest } = made;
  guest.transmit(3);
  guest.run(100);
  guest.misbehave('tx', done);
  guest.run(100);
  return made;
};

/** As many frames as there are good buffers, then the mischief, and one more frame. */
const breakRx = (backend: Backend, done: Mischief['done']) => {
  const made = bench(backend);
  const { guest } = made;
  guest.receive(GOOD);
  guest.run(100);
  guest.misbehave('rx', done);
  guest.receive(1);
  guest.run(100);
  return made;
};

const published = (guest: RingGuest, queue: Queue): number =>
  guest.published(queue).reduce((sum, packets) => sum + packets, 0);

describe('a broken transmit ring', () => {
  test.each(transmitting)('($vhost) stalls in vhost; receive goes on', ({ done, vhost }) => {
    const { guest, atNic, errors } = breakTx('vhost', done);
    expect([atNic(), published(guest, 'tx')]).toEqual([3, 3]);
    expect(errors()).toEqual([[`vhost tx: ${vhost}`, 'vm', 1]]);
    // No kick is asked for any more, and what is queued stays in flight.
    const { kicks } = guest.counts;
    guest.transmit(2);
    guest.receive(GOOD);
    guest.run(1000);
    expect([guest.counts.kicks, atNic(), published(guest, 'rx')]).toEqual([kicks, 3, GOOD]);
    expect([guest.record.completed, guest.record.dropped]).toEqual([3, 0]);
    expect(errors()).toHaveLength(1);
  });

  test.each(transmitting)('($qemu) breaks QEMU’s device: nothing is served any more', ({ done, qemu }) => {
    const { guest, atNic, errors, eventfdReads } = breakTx('qemu', done);
    expect([atNic(), published(guest, 'tx')]).toEqual([3, 3]);
    expect(errors()).toEqual([[`qemu virtio-net tx: ${qemu}`, 'vm', 1]]);
    expect(guest.signals.config).toBe(1);
    // Kicks are read from their eventfds and ignored, and the tap is not read.
    const before = eventfdReads();
    guest.kickTx.kick();
    guest.run(100);
    guest.kickRx.kick();
    guest.receive(GOOD);
    guest.run(1000);
    expect([eventfdReads(), atNic(), published(guest, 'rx')]).toEqual([before + 2, 3, 0]);
    expect([guest.tap.queue.length, errors().length, guest.signals.config]).toEqual([GOOD, 1, 1]);
  });
});

describe('a broken receive ring', () => {
  test.each(receiving)('($vhost) stalls in vhost; transmit goes on', ({ done, vhost }) => {
    const { guest, atNic, errors } = breakRx('vhost', done);
    // The frame without a buffer was not taken from the tap yet.
    expect([published(guest, 'rx'), guest.tap.queue.length]).toEqual([GOOD, 1]);
    expect(errors()).toEqual([[`vhost rx: ${vhost}`, 'vm', 1]]);
    guest.receive(TAP);
    guest.transmit(3);
    guest.run(1000);
    expect([guest.tap.queue.length, atNic(), errors().length]).toEqual([TAP, 3, 1]);
    expect([...guest.record.drops]).toEqual([['vm tap: ring full, receive queue broken', 1]]);
  });

  test.each(receiving)('($qemu) breaks QEMU’s device, and the frame at hand is lost', ({ done, qemu }) => {
    const { guest, atNic, errors } = breakRx('qemu', done);
    expect([published(guest, 'rx'), guest.tap.queue.length]).toEqual([GOOD, 0]);
    expect(errors()).toEqual([[`qemu virtio-net rx: ${qemu}`, 'vm', 1]]);
    expect(guest.signals.config).toBe(1);
    // The first frame after it finds the device broken; from then on nobody reads the tap.
    guest.receive(TAP + 2);
    guest.transmit(3);
    guest.run(1000);
    expect([guest.tap.queue.length, atNic(), published(guest, 'tx')]).toEqual([TAP, 0, 0]);
    expect(Object.fromEntries(guest.record.drops)).toEqual({
      'qemu virtio-net: device broken': 1,
      'vm tap: ring full': 2,
    });
    guest.receive(1);
    expect(guest.record.drops.get('vm tap: ring full, device broken')).toBe(1);
  });
});

describe('vhost', () => {
  test('sends and publishes what it popped before the fault in the same run', () => {
    const { guest, atNic, errors } = bench('vhost');
    guest.transmit(70);
    guest.misbehave('tx', chain({ length: 11 }));
    guest.run(100);
    expect([atNic(), guest.published('tx'), errors()[0][2]]).toEqual([70, [64, 6], 1]);
  });

  test('counts a fault behind a full batch once', () => {
    const { guest, atNic, errors } = bench('vhost');
    guest.transmit(64);
    guest.misbehave('tx', chain({ length: 11 }));
    guest.run(100);
    expect([atNic(), guest.published('tx'), errors()[0][2]]).toEqual([64, [64], 1]);
  });

  test('looks again when it is kicked: at the same buffer, and behind it once the guest has mended it', () => {
    const { guest, atNic, errors } = breakTx('vhost', chain({ length: 11 }));
    guest.kickTx.kick();
    guest.run(100);
    expect([atNic(), errors()]).toEqual([3, [['vhost tx: nothing behind the header', 'vm', 2]]]);
    guest.tx.ring.table.write(SIZE - 1, SOMEWHERE, 72, 0, 0);
    guest.kickTx.kick();
    guest.run(100);
    expect([atNic(), errors()[0][2]]).toEqual([4, 2]);
  });

  test('reads the tap again once the guest has mended its receive ring', () => {
    const { guest } = breakRx('vhost', chain({}));
    guest.rx.ring.table.write(SIZE - 1, SOMEWHERE, 1536, WRITE, 0);
    guest.kickRx.kick();
    guest.run(100);
    expect([published(guest, 'rx'), guest.tap.queue.length]).toEqual([GOOD + 1, 0]);
    guest.receive(TAP + 1);
    expect([...guest.record.drops.keys()]).toEqual(['vm tap: ring full']);
  });
});

describe.each(['vhost', 'qemu'] as const)('%s sends what nobody waits for', (backend) => {
  test('when a guest offers memory that never held a frame', () => {
    const { guest, atNic, errors } = breakTx(backend, chain({}));
    expect([atNic(), published(guest, 'tx'), errors()]).toEqual([4, 4, []]);
    expect([guest.record.completed, guest.record.inFlight]).toEqual([3, 0]);
  });

  test('when a guest offers a frame twice: its request completes once', () => {
    const { guest, atNic, errors } = bench(backend);
    guest.transmit(1);
    const { table, avail } = guest.tx.ring;
    guest.misbehave('tx', chain({ address: table.address[avail[0]] }));
    guest.run(1000);
    expect([atNic(), errors()]).toEqual([2, []]);
    expect([guest.record.submitted, guest.record.completed]).toEqual([1, 1]);
  });
});
