/** What each VM's guest makes of its cards, in words: driver, interface, and the features by name. */
import type { BoundCard } from '../datapaths/guest-bus.ts';
import type { Vectors } from '../models/guest/virtio-pci.ts';
import { type Feature, type Features, namesOf, without } from '../models/virtio/features.ts';
import type { ScenarioPoint } from '../scenario/load.ts';
import type { Scenario } from '../scenario/schema.ts';
import { bootOf, kindOf } from '../scenario/vm-cards.ts';

/** Without the words that all names begin with. */
const short = (features: readonly Feature[]): string =>
  features.map((name) => name.replace(/^VIRTIO_(NET_)?F_/, '')).join(' ') || 'none';

const INTERRUPTS: Readonly<Record<Vectors, string>> = {
  'per queue': 'an MSI-X vector for each queue',
  shared: 'one MSI-X vector for both queues',
  INTx: 'INTx',
  mmio: 'one line, read and acknowledged by register',
};

const cardText = ({ kind, place: slot, id, driver, reason, virtio }: BoundCard): string => {
  const place = `  ${slot} ${id} (${kind})`;
  if (driver === null) return `${place}: no driver: ${reason}`;
  if (virtio === null) return `${place}: ${driver}`;
  const { offered, supported, negotiated, interface: through, vectors } = virtio;
  const line = (what: string, features: Features): string => `    ${what}: ${short(namesOf(features))}`;
  return [
    `${place}: ${driver}, ${through} interface, ${INTERRUPTS[vectors]}`,
    line('negotiated', negotiated),
    line('offered, but not taken', without(offered, negotiated)),
    line('supported, but not offered', without(supported, offered)),
  ].join('\n');
};

const ofPoint = (scenario: Scenario): string => {
  const lines = Object.keys(scenario.vms).flatMap((vm) => {
    const kinds = new Set(scenario.datapaths.map((datapath) => kindOf(scenario, vm, datapath)));
    return [...kinds].flatMap((kind) => {
      const boot = bootOf(scenario, vm, kind);
      const speaks = boot?.cards.some(({ virtio, driver }) => virtio !== null || driver === null);
      return boot === null || speaks !== true ? [] : [`${vm} on ${kind}:`, ...boot.cards.map(cardText)];
    });
  });
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
};

/** Point by point; what is said already is not said again. */
export const describeBoots = (points: readonly ScenarioPoint[]): string => {
  const said = new Set<string>();
  return points
    .flatMap(({ labels, scenario }) => {
      const text = ofPoint(scenario);
      if (text === '' || said.has(text)) return [];
      said.add(text);
      const at = Object.entries(labels).map(([path, value]) => `${path} ${value}`);
      return [`# drivers and virtio features${at.length === 0 ? '' : ` at ${at.join(', ')}`}\n${text}`];
    })
    .join('\n');
};
