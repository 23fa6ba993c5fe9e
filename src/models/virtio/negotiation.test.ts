import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Feature, type Features, featureSet, hasFeature, windowOf } from './features.ts';
import {
  ACKNOWLEDGE,
  agree,
  DeviceStatus,
  DRIVER,
  DRIVER_OK,
  type DriverSide,
  driverReady,
  FAILED,
  FEATURES_OK,
  type StatusPort,
} from './negotiation.ts';

/** A driver that talks to the device directly, and what it wrote to the status. */
const portOf = (device: DeviceStatus): StatusPort & { readonly written: number[] } => {
  const written: number[] = [];
  return {
    written,
    readStatus: () => device.status,
    writeStatus: (bits) => {
      written.push(bits);
      device.write(bits);
    },
    readFeatures: () => device.offered,
    writeFeatures: (features) => {
      for (const window of [0, 1]) device.acceptWindow(window, windowOf(features, window));
    },
  };
};

const driver = (...known: readonly Feature[]): DriverSide => ({
  modern: featureSet(...known),
  legacy: featureSet(...known) & 0xffff_ffffn,
  validate: (features) => ({ features }),
});

const MODERN = ['VIRTIO_F_VERSION_1', 'VIRTIO_F_EVENT_IDX', 'VIRTIO_F_INDIRECT_DESC'] as const;

describe('a modern driver and device', () => {
  test('take the steps of §3.1.1 in order', () => {
    const device = new DeviceStatus(featureSet(...MODERN), false);
    const port = portOf(device);
    const agreed = agree(port, driver(...MODERN), false);
    driverReady(port);
    expect(agreed).toMatchObject({ negotiated: featureSet(...MODERN) });
    expect(port.written).toEqual([
      0,
      ACKNOWLEDGE,
      ACKNOWLEDGE | DRIVER,
      ACKNOWLEDGE | DRIVER | FEATURES_OK,
      ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK,
    ]);
    expect(device.status).toBe(15);
  });

  test('agree on what both know', () => {
    const device = new DeviceStatus(featureSet(...MODERN, 'VIRTIO_F_RING_PACKED'), false);
    agree(portOf(device), driver(...MODERN, 'VIRTIO_F_IN_ORDER'), false);
    expect(device.accepted).toBe(featureSet(...MODERN));
  });

  test('whatever they know, what is negotiated is a subset of both', () => {
    const any = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    fc.assert(
      fc.property(any, any, fc.boolean(), (offered, known, transitional) => {
        const device = new DeviceStatus(offered, transitional);
        const side: DriverSide = {
          modern: known,
          legacy: known & 0xffff_ffffn,
          validate: (features) => ({ features }),
        };
        const agreed = agree(portOf(device), side, transitional);
        if ('refusal' in agreed) expect(device.status & (FAILED | DRIVER_OK)).toBe(FAILED);
        else expect(agreed.negotiated).toBe(offered & agreed.supported);
        expect(device.accepted & ~offered).toBe(0n);
      }),
      { seed: 1 },
    );
  });
});

describe('the device', () => {
  const accepting = (device: DeviceStatus, features: Features): number => {
    portOf(device).writeFeatures(features);
    device.write(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return device.status & FEATURES_OK;
  };

  test('keeps FEATURES_OK back where the driver accepts what was not offered', () => {
    const device = new DeviceStatus(featureSet('VIRTIO_F_VERSION_1'), false);
    expect(accepting(device, featureSet('VIRTIO_F_VERSION_1', 'VIRTIO_F_RING_PACKED'))).toBe(0);
    expect(device.refusal).toMatch(/does not offer/);
  });

  test('keeps it back where a feature lacks one that it needs (§2.2)', () => {
    const both = featureSet('VIRTIO_F_VERSION_1', 'VIRTIO_NET_F_GUEST_CSUM', 'VIRTIO_NET_F_GUEST_TSO4');
    const device = new DeviceStatus(both, false);
    expect(accepting(device, featureSet('VIRTIO_F_VERSION_1', 'VIRTIO_NET_F_GUEST_TSO4'))).toBe(0);
    expect(device.refusal).toBe('VIRTIO_NET_F_GUEST_TSO4 needs VIRTIO_NET_F_GUEST_CSUM');
    device.write(0);
    expect(accepting(device, both)).toBe(FEATURES_OK);
    expect(device.refusal).toBeNull();
  });

  test('behind an IOMMU insists on ACCESS_PLATFORM (§6)', () => {
    const offered = featureSet('VIRTIO_F_VERSION_1', 'VIRTIO_F_ACCESS_PLATFORM');
    expect(accepting(new DeviceStatus(offered, false), featureSet('VIRTIO_F_VERSION_1'))).toBe(0);
    expect(accepting(new DeviceStatus(offered, false), offered)).toBe(FEATURES_OK);
  });

  test('takes no other features once FEATURES_OK is set, until it is reset', () => {
    const device = new DeviceStatus(featureSet(...MODERN), false);
    accepting(device, featureSet('VIRTIO_F_VERSION_1'));
    portOf(device).writeFeatures(featureSet(...MODERN));
    expect(device.accepted).toBe(featureSet('VIRTIO_F_VERSION_1'));
    device.write(0);
    expect([device.status, device.accepted]).toEqual([0, 0n]);
  });
});

describe('legacy', () => {
  const transitional = () => new DeviceStatus(featureSet(...MODERN), true);

  test('a legacy driver has 32 bits and no FEATURES_OK (§3.1.2)', () => {
    const device = transitional();
    const port: StatusPort & { written: number[] } = {
      ...portOf(device),
      readStatus: () => device.status,
      // The legacy header shows the lower window only.
      readFeatures: () => device.offered & 0xffff_ffffn,
    };
    const agreed = agree(port, driver(...MODERN), true);
    driverReady(port);
    expect(agreed).toMatchObject({ negotiated: featureSet('VIRTIO_F_EVENT_IDX', 'VIRTIO_F_INDIRECT_DESC') });
    expect(device.status).toBe(ACKNOWLEDGE | DRIVER | DRIVER_OK);
  });

  test('a driver without VERSION_1 gets nowhere through the modern interface', () => {
    const device = transitional();
    const agreed = agree(portOf(device), driver('VIRTIO_F_EVENT_IDX'), false);
    expect(agreed).toEqual({ refusal: 'the driver does not know VIRTIO_F_VERSION_1' });
    expect(device.status & FAILED).toBe(FAILED);
  });

  test('a modern-only device refuses one without VERSION_1', () => {
    const device = new DeviceStatus(featureSet(...MODERN), false);
    device.write(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(device.status & FEATURES_OK).toBe(0);
    expect(device.refusal).toMatch(/no legacy interface/);
  });

  test('a transitional device works without VERSION_1', () => {
    const device = transitional();
    device.write(ACKNOWLEDGE | DRIVER | FEATURES_OK);
    expect(hasFeature(device.accepted, 'VIRTIO_F_VERSION_1')).toBe(false);
    expect(device.status & FEATURES_OK).toBe(FEATURES_OK);
  });
});

describe('a driver that gives up', () => {
  test('after a look at the features, or because the device refuses them, sets FAILED', () => {
    const device = new DeviceStatus(featureSet(...MODERN), false);
    const wary: DriverSide = { ...driver(...MODERN), validate: () => ({ refusal: 'I would rather not' }) };
    expect(agree(portOf(device), wary, false)).toEqual({ refusal: 'I would rather not' });
    expect(device.status & FAILED).toBe(FAILED);

    const strict = new DeviceStatus(featureSet(...MODERN, 'VIRTIO_F_ACCESS_PLATFORM'), false);
    const refused = agree(portOf(strict), driver(...MODERN), false);
    expect(refused).toEqual({ refusal: 'the device refuses the features' });
    expect(strict.status & (FAILED | FEATURES_OK)).toBe(FAILED);
  });
});
