import { expect, test } from 'vitest';
import { changed, SHORT, workspace } from '../scenario/workspace.test-support.ts';
import { describeBoots } from './describe-boots.ts';

const { load } = workspace();
const web = (more: string): string => changed(SHORT, 'backend: 1 }', `backend: 1 }, ${more}`);
const told = (text: string): string[] => describeBoots(load(text).points).split('\n');

test('what was negotiated is told by name, and what was not, and why', () => {
  const lines = told(web('guest: { kernel: "2.6.32" }'));
  expect(lines.slice(0, 3)).toEqual([
    '# drivers and virtio features',
    'web on vhost-net:',
    '  00:03.0 1af4:1000 (vhost-net): virtio_net, legacy interface, an MSI-X vector for each queue',
  ]);
  expect(lines[3]).toMatch(/^ {4}negotiated: .* INDIRECT_DESC$/);
  expect(lines[4]).toMatch(/^ {4}offered, but not taken: .* ANY_LAYOUT EVENT_IDX$/);
});

test('a card without a driver has the reason, one beside it its driver', () => {
  expect(told(web('net: { devices: [e1000] }, guest: { drivers: [e1000] }'))).toEqual([
    '# drivers and virtio features',
    'web on vhost-net:',
    '  00:03.0 1af4:1000 (vhost-net): no driver: the guest has no virtio_pci',
    '  00:04.0 8086:100e (e1000): e1000',
    '',
  ]);
});

test('points that agree on the same are told once', () => {
  const swept = `${SHORT}sweep: { workloads.bulk.rate: [10 k/s, 20 k/s] }\n`;
  expect(told(swept).filter((line) => line.startsWith('#'))).toEqual([
    '# drivers and virtio features at workloads.bulk.rate 10 k/s',
  ]);
  expect(told(changed(SHORT, '[native, vhost-net]', '[native, sriov]'))).toEqual(['']);
});
