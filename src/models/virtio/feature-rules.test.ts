import { expect, test } from 'vitest';
import { brokenRequirements, inWords } from './feature-rules.ts';
import { type Feature, featureSet, NO_FEATURES } from './features.ts';

/** virtio 1.2 §5.1.3.1, line by line: the feature alone is invalid, with any one of the others it is valid. */
const table: readonly (readonly [Feature, readonly Feature[]])[] = [
  ['VIRTIO_NET_F_GUEST_TSO4', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_GUEST_TSO6', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_GUEST_UFO', ['VIRTIO_NET_F_GUEST_CSUM']],
  ['VIRTIO_NET_F_HOST_TSO4', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_HOST_TSO6', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_HOST_UFO', ['VIRTIO_NET_F_CSUM']],
  ['VIRTIO_NET_F_CTRL_RX', ['VIRTIO_NET_F_CTRL_VQ']],
  ['VIRTIO_NET_F_CTRL_VLAN', ['VIRTIO_NET_F_CTRL_VQ']],
  ['VIRTIO_NET_F_GUEST_ANNOUNCE', ['VIRTIO_NET_F_CTRL_VQ']],
  ['VIRTIO_NET_F_MQ', ['VIRTIO_NET_F_CTRL_VQ']],
  ['VIRTIO_NET_F_CTRL_MAC_ADDR', ['VIRTIO_NET_F_CTRL_VQ']],
  ['VIRTIO_NET_F_RSS', ['VIRTIO_NET_F_CTRL_VQ']],
  ['VIRTIO_NET_F_NOTF_COAL', ['VIRTIO_NET_F_CTRL_VQ']],
];

test.each(table)('%s needs %j', (feature, [needed]) => {
  expect(brokenRequirements(featureSet(feature)).map(inWords)).toContain(`${feature} needs ${needed}`);
  expect(brokenRequirements(featureSet(feature, needed))).toEqual([]);
});

test('ECN is content with TSO of either kind', () => {
  const ecn = featureSet('VIRTIO_NET_F_HOST_ECN', 'VIRTIO_NET_F_CSUM');
  expect(brokenRequirements(ecn).map(inWords)).toEqual([
    'VIRTIO_NET_F_HOST_ECN needs VIRTIO_NET_F_HOST_TSO4 or VIRTIO_NET_F_HOST_TSO6',
  ]);
  expect(brokenRequirements(ecn | featureSet('VIRTIO_NET_F_HOST_TSO4'))).toEqual([]);
  expect(brokenRequirements(ecn | featureSet('VIRTIO_NET_F_HOST_TSO6'))).toEqual([]);
});

test('nothing needs nothing', () => {
  expect(brokenRequirements(NO_FEATURES)).toEqual([]);
});
