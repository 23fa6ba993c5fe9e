/** The metrics of the table of counted drivers in vmio's own names. */
import type { Compound } from '../experiment/expectations.ts';

const KNOWN: Readonly<Record<string, Compound>> = {
  exits_device: { metric: 'exits.device' },
  reg_reads: { metric: 'exits.device', component: 'reads' },
  reg_writes: { metric: 'exits.device', component: 'writes' },
  kicks: { metric: 'kicks' },
  irq_raised: { metric: 'interrupts.raised' },
  irq_taken: { metric: 'interrupts.taken' },
  // QEMU's count of EOIs of level-triggered interrupts, which it calls timer reads.
  lapic_tmr_reads: { metric: 'exits.other', component: 'eoi' },
  hlt: { metric: 'exits.other', component: 'halt' },
  virtqueue_pop: { metric: 'virtqueue', component: 'pop' },
  virtqueue_flush: { metric: 'virtqueue', component: 'flush' },
  wire_tx_pkts: { metric: 'frames', component: 'tx' },
  wire_rx_pkts: { metric: 'frames', component: 'rx' },
};

/** Queues of virtio-net, by number. */
const NET_QUEUES: Readonly<Record<string, string>> = { q0: 'rx', q1: 'tx' };

/** Where a count stands in the results, or null where vmio does not count it. */
export const countMetric = (device: string, name: string): Compound | null => {
  if (Object.hasOwn(KNOWN, name)) return KNOWN[name];
  const [, queue] = /^w:notify_(q\d+)$/.exec(name) ?? [];
  if (queue !== undefined) {
    const known = device.startsWith('virtio-net') ? (NET_QUEUES[queue] ?? queue) : queue;
    return { metric: 'exits.device', component: `notify ${known}` };
  }
  const [, access, register] = /^([rw]):([\w/]+)$/.exec(name) ?? [];
  if (register === undefined) return null;
  return { metric: 'exits.device', component: `${access === 'r' ? 'read' : 'write'} ${register}` };
};
