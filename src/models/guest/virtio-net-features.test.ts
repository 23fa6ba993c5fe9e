import { describe, expect, test } from 'vitest';
import { type Feature, featureSet, hasFeature, LEGACY_MASK } from '../virtio/features.ts';
import { hasSince, type KernelRelease, RELEASE } from './kernel-release.ts';
import { linuxVirtioNet } from './virtio-net-features.ts';

describe('releases', () => {
  test.each<[string, KernelRelease, boolean]>([
    ['6.1', '6.1', true],
    ['6.10', '6.9', true],
    ['6.9', '6.10', false],
    ['2.6.32', '2.6.31', true],
    ['2.6.32', '3.0', false],
    ['3.0', '2.6.39', true],
    ['6.1.55', '6.1', true],
    ['5.0', '5.0.1', false],
  ])('%s has what came with %s: %s', (release, since, expected) => {
    expect(hasSince(release, since)).toBe(expected);
  });

  test('what a release looks like', () => {
    expect(['6.1', '2.6.32', '10.0'].every((text) => RELEASE.test(text))).toBe(true);
    expect(['6', '6.x', 'v6.1', '', '6.1.2.3'].some((text) => RELEASE.test(text))).toBe(false);
  });
});

describe('what Linux knows', () => {
  test.each<[Feature, without: string, known: string]>([
    ['VIRTIO_F_INDIRECT_DESC', '2.6.30', '2.6.31'],
    ['VIRTIO_NET_F_MRG_RXBUF', '2.6.28', '2.6.29'],
    ['VIRTIO_F_EVENT_IDX', '2.6.39', '3.0'],
    ['VIRTIO_NET_F_MQ', '3.7', '3.8'],
    ['VIRTIO_F_VERSION_1', '3.19', '4.0'],
    ['VIRTIO_F_RING_PACKED', '4.20', '5.0'],
    ['VIRTIO_NET_F_RSS', '5.17', '5.18'],
    ['VIRTIO_NET_F_VQ_NOTF_COAL', '6.5', '6.6'],
  ])('%s: not %s, but %s', (feature, without, known) => {
    expect(hasFeature(linuxVirtioNet(without).modern, feature)).toBe(false);
    expect(hasFeature(linuxVirtioNet(known).modern, feature)).toBe(true);
  });

  test('a device without VERSION_1 gets the legacy table, which fits 32 bits', () => {
    const { legacy, modern } = linuxVirtioNet('6.1');
    expect(legacy & ~LEGACY_MASK).toBe(0n);
    expect(hasFeature(legacy, 'VIRTIO_F_ANY_LAYOUT')).toBe(true);
    expect(hasFeature(modern, 'VIRTIO_F_ANY_LAYOUT')).toBe(false);
    expect(hasFeature(linuxVirtioNet('3.10').legacy, 'VIRTIO_F_ANY_LAYOUT')).toBe(false);
  });
});

describe('virtnet_validate', () => {
  const { validate } = linuxVirtioNet('6.1');

  test('gives a device up that offers what needs a control queue without one', () => {
    expect(validate(featureSet('VIRTIO_NET_F_CTRL_RX'))).toEqual({
      refusal: 'VIRTIO_NET_F_CTRL_RX needs VIRTIO_NET_F_CTRL_VQ',
    });
    const both = featureSet('VIRTIO_NET_F_CTRL_RX', 'VIRTIO_NET_F_CTRL_VQ');
    expect(validate(both)).toEqual({ features: both });
  });

  test('leaves guest offloads without a control queue out, and standby without a MAC', () => {
    const offered = featureSet('VIRTIO_NET_F_CTRL_GUEST_OFFLOADS', 'VIRTIO_NET_F_STANDBY');
    expect(validate(offered)).toEqual({ features: 0n });
    const complete = offered | featureSet('VIRTIO_NET_F_CTRL_VQ', 'VIRTIO_NET_F_MAC');
    expect(validate(complete)).toEqual({ features: complete });
  });

  test('leaves offloads without their checksum to the device', () => {
    const lone = featureSet('VIRTIO_NET_F_GUEST_TSO4');
    expect(validate(lone)).toEqual({ features: lone });
  });
});
