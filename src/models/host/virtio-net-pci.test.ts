import { describe, expect, test } from 'vitest';
import { type Feature, featureSet, hasFeature } from '../virtio/features.ts';
import { BACKENDS, masked } from './backend-features.ts';
import { VirtioNetPci } from './virtio-net-pci.ts';
import { offeredBy, type VirtioNetProperties } from './virtio-net-properties.ts';

const DEFAULTS: VirtioNetProperties = {
  vectors: 4,
  'disable-legacy': false,
  'disable-modern': false,
  rx_queue_size: 256,
  tx_queue_size: 256,
};

describe('what QEMU offers', () => {
  const offered = offeredBy(DEFAULTS);

  test.each<Feature>([
    'VIRTIO_F_EVENT_IDX',
    'VIRTIO_F_INDIRECT_DESC',
    'VIRTIO_F_VERSION_1',
    'VIRTIO_F_RING_RESET',
    'VIRTIO_NET_F_MAC',
    'VIRTIO_NET_F_MRG_RXBUF',
    'VIRTIO_NET_F_CSUM',
    'VIRTIO_NET_F_CTRL_VQ',
  ])('%s by default', (feature) => {
    expect(hasFeature(offered, feature)).toBe(true);
  });

  test.each<[keyof VirtioNetProperties, Feature]>([
    ['packed', 'VIRTIO_F_RING_PACKED'],
    ['in_order', 'VIRTIO_F_IN_ORDER'],
    ['iommu_platform', 'VIRTIO_F_ACCESS_PLATFORM'],
    ['mq', 'VIRTIO_NET_F_MQ'],
    ['rss', 'VIRTIO_NET_F_RSS'],
  ])('with %s=on: %s, else not', (property, feature) => {
    expect(hasFeature(offered, feature)).toBe(false);
    expect(hasFeature(offeredBy({ ...DEFAULTS, [property]: true }), feature)).toBe(true);
  });

  test('without event_idx everything else', () => {
    expect(offered ^ offeredBy({ ...DEFAULTS, event_idx: false })).toBe(featureSet('VIRTIO_F_EVENT_IDX'));
  });

  test('with disable-modern nothing of VERSION_1', () => {
    expect(hasFeature(offeredBy({ ...DEFAULTS, 'disable-modern': true }), 'VIRTIO_F_VERSION_1')).toBe(false);
  });
});

describe('what backends leave of it', () => {
  const all = offeredBy({ ...DEFAULTS, packed: true, in_order: true });

  test('QEMU everything', () => {
    expect(masked(all, 'qemu')).toBe(all);
  });

  test('vhost-net no packed ring and no IN_ORDER; STATUS is QEMU’s own', () => {
    const gone = featureSet('VIRTIO_F_RING_PACKED', 'VIRTIO_F_IN_ORDER');
    expect(masked(all, 'vhost')).toBe(all & ~gone);
    expect(hasFeature(masked(all, 'vhost'), 'VIRTIO_NET_F_STATUS')).toBe(true);
  });

  test('vhost-user keeps both, but neither queue reset nor USO', () => {
    const left = masked(all, 'vhost-user');
    expect(hasFeature(left, 'VIRTIO_F_RING_PACKED') && hasFeature(left, 'VIRTIO_F_IN_ORDER')).toBe(true);
    expect(hasFeature(left, 'VIRTIO_F_RING_RESET') || hasFeature(left, 'VIRTIO_NET_F_HOST_USO')).toBe(false);
  });

  test('a ConnectX behind vdpa has no EVENT_IDX', () => {
    expect(hasFeature(masked(all, 'vdpa'), 'VIRTIO_F_EVENT_IDX')).toBe(false);
  });

  test('no backend adds anything', () => {
    for (const backend of Object.keys(BACKENDS) as (keyof typeof BACKENDS)[]) {
      expect(masked(all, backend) & ~all).toBe(0n);
    }
  });
});

describe('the function on the bus (§4.1.2)', () => {
  const identityOf = (more: Partial<VirtioNetProperties>) =>
    new VirtioNetPci({ ...DEFAULTS, ...more }, 'qemu').fn.identity;

  test('transitional: 1af4:1000, revision 0, the virtio id as subsystem', () => {
    expect(identityOf({})).toMatchObject({ vendor: 0x1af4, device: 0x1000, revision: 0, subsystem: 1 });
  });

  test('modern only: 1af4:1041, revision 1 or more, subsystem 0x40 or more', () => {
    const identity = identityOf({ 'disable-legacy': true });
    expect(identity).toMatchObject({ vendor: 0x1af4, device: 0x1041 });
    expect(identity.revision).toBeGreaterThanOrEqual(1);
    expect(identity.subsystem).toBeGreaterThanOrEqual(0x40);
  });

  test.each<[string, Partial<VirtioNetProperties>, RegExp]>([
    ['no interface at all', { 'disable-legacy': true, 'disable-modern': true }, /no interface/],
    ['an IOMMU in front of a legacy interface', { iommu_platform: true }, /needs disable-legacy/],
  ])('QEMU refuses %s', (_name, more, reason) => {
    expect(() => identityOf(more)).toThrow(reason);
  });
});
