import { describe, expect, test } from 'vitest';
import {
  FEATURE_BITS,
  type Feature,
  featureSet,
  hasFeature,
  LEGACY_MASK,
  namesOf,
  windowOf,
  without,
  withWindow,
} from './features.ts';

describe('feature bits have the numbers of virtio 1.2 §6 and §5.1.3', () => {
  test.each<[Feature, number]>([
    ['VIRTIO_NET_F_CSUM', 0],
    ['VIRTIO_NET_F_GUEST_CSUM', 1],
    ['VIRTIO_NET_F_MAC', 5],
    ['VIRTIO_NET_F_MRG_RXBUF', 15],
    ['VIRTIO_NET_F_CTRL_VQ', 17],
    ['VIRTIO_NET_F_MQ', 22],
    ['VIRTIO_F_NOTIFY_ON_EMPTY', 24],
    ['VIRTIO_F_ANY_LAYOUT', 27],
    ['VIRTIO_F_INDIRECT_DESC', 28],
    ['VIRTIO_F_EVENT_IDX', 29],
    ['VIRTIO_F_VERSION_1', 32],
    ['VIRTIO_F_ACCESS_PLATFORM', 33],
    ['VIRTIO_F_RING_PACKED', 34],
    ['VIRTIO_F_IN_ORDER', 35],
    ['VIRTIO_F_ORDER_PLATFORM', 36],
    ['VIRTIO_F_NOTIFICATION_DATA', 38],
    ['VIRTIO_F_RING_RESET', 40],
    ['VIRTIO_NET_F_VQ_NOTF_COAL', 52],
    ['VIRTIO_NET_F_NOTF_COAL', 53],
    ['VIRTIO_NET_F_HASH_REPORT', 57],
    ['VIRTIO_NET_F_RSS', 60],
    ['VIRTIO_NET_F_SPEED_DUPLEX', 63],
  ])('%s is bit %i', (feature, bit) => {
    expect(FEATURE_BITS[feature]).toBe(bit);
    expect(featureSet(feature)).toBe(1n << BigInt(bit));
  });

  test('no two features share a bit', () => {
    const bits = Object.values(FEATURE_BITS);
    expect(new Set(bits).size).toBe(bits.length);
  });
});

describe('sets', () => {
  const set = featureSet('VIRTIO_F_EVENT_IDX', 'VIRTIO_NET_F_MAC', 'VIRTIO_F_VERSION_1');

  test('a set names what it holds, by rising bit', () => {
    expect(namesOf(set)).toEqual(['VIRTIO_NET_F_MAC', 'VIRTIO_F_EVENT_IDX', 'VIRTIO_F_VERSION_1']);
    expect(hasFeature(set, 'VIRTIO_F_EVENT_IDX')).toBe(true);
    expect(hasFeature(without(set, featureSet('VIRTIO_F_EVENT_IDX')), 'VIRTIO_F_EVENT_IDX')).toBe(false);
  });

  test('the registers show it in windows of 32 bits (§4.1.4.3)', () => {
    expect(windowOf(set, 0)).toBe(2 ** 29 + 2 ** 5);
    expect(windowOf(set, 1)).toBe(1);
    expect(windowOf(set, 2)).toBe(0);
    expect(windowOf(featureSet('VIRTIO_NET_F_SPEED_DUPLEX'), 1)).toBe(2 ** 31);
  });

  test('window by window it is put together again', () => {
    const again = [0, 1].reduce((so, window) => withWindow(so, window, windowOf(set, window)), 0n);
    expect(again).toBe(set);
    expect(withWindow(set, 1, 0)).toBe(set & LEGACY_MASK);
    expect(withWindow(set, 2, 1)).toBe(set);
  });
});
