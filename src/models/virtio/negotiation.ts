/**
 * How driver and device agree (virtio 1.2 §3.1): the device status with its rules, and the driver's steps from reset
 * to DRIVER_OK. What is negotiated is what both know: driver's set ∩ device's set; the device may refuse it.
 */
import { brokenRequirements, inWords } from './feature-rules.ts';
import {
  type Features,
  hasFeature,
  LEGACY_MASK,
  NO_FEATURES,
  windowOf,
  without,
  withWindow,
} from './features.ts';

/** Bits of the device status (§2.1). */
export const ACKNOWLEDGE = 1;
export const DRIVER = 2;
export const DRIVER_OK = 4;
export const FEATURES_OK = 8;
export const FAILED = 128;

/** The device's half: what it offers, what the driver wrote, and how far they are. */
export class DeviceStatus {
  readonly offered: Features;
  /** Without VERSION_1 the device still works, through its legacy interface. */
  readonly transitional: boolean;
  private written: Features = NO_FEATURES;
  private bits = 0;
  /** Why FEATURES_OK was refused last; null where it was not. */
  refusal: string | null = null;

  constructor(offered: Features, transitional: boolean) {
    this.offered = offered;
    this.transitional = transitional;
  }

  get status(): number {
    return this.bits;
  }

  /** What the driver accepted; after FEATURES_OK nothing changes it but a reset. */
  get accepted(): Features {
    return this.written;
  }

  /** Feature bits 32 × `select` and up. */
  offeredWindow(select: number): number {
    return windowOf(this.offered, select);
  }

  /** Takes no notice once FEATURES_OK or DRIVER_OK is set: the driver must not change its mind (§3.1.1). */
  acceptWindow(select: number, bits: number): void {
    if ((this.bits & (FEATURES_OK | DRIVER_OK)) === 0) this.written = withWindow(this.written, select, bits);
  }

  /** Writing 0 resets; other bits are only added, and FEATURES_OK only where the device can work with the features. */
  write(bits: number): void {
    if (bits === 0) {
      this.bits = 0;
      this.written = NO_FEATURES;
      this.refusal = null;
      return;
    }
    const asks = (bits & FEATURES_OK) !== 0 && (this.bits & FEATURES_OK) === 0;
    if (asks) this.refusal = this.objection();
    const taken = asks && this.refusal !== null ? bits & ~FEATURES_OK : bits;
    this.bits |= taken;
  }

  private objection(): string | null {
    const { offered, written, transitional } = this;
    if (without(written, offered) !== NO_FEATURES)
      return 'the driver accepted what the device does not offer';
    if (!hasFeature(written, 'VIRTIO_F_VERSION_1') && !transitional)
      return 'the device has no legacy interface, and the driver does not know VIRTIO_F_VERSION_1';
    // QEMU fails here, too: the device may reach memory only through the IOMMU (virtio_validate_features).
    if (hasFeature(offered, 'VIRTIO_F_ACCESS_PLATFORM') && !hasFeature(written, 'VIRTIO_F_ACCESS_PLATFORM'))
      return 'the device is behind an IOMMU, and the driver does not know VIRTIO_F_ACCESS_PLATFORM';
    const [broken] = brokenRequirements(written);
    return broken === undefined ? null : inWords(broken);
  }
}

/** What a transport lets a driver do with the device status, one register access each. */
export interface StatusPort {
  readStatus(): number;
  writeStatus(bits: number): void;
  readFeatures(): Features;
  writeFeatures(features: Features): void;
}

export interface DriverSide {
  /** Features of the driver and of its ring code with a device that has VERSION_1. */
  readonly modern: Features;
  /** The same without VERSION_1, at most 32 bits. */
  readonly legacy: Features;
  /** A look at the intersection before it is written: what the driver leaves out, or why it gives up. */
  validate(features: Features): { readonly features: Features } | Refusal;
}

export interface Agreement {
  readonly offered: Features;
  /** What the driver would accept of any device. */
  readonly supported: Features;
  readonly negotiated: Features;
}

/** There is no agreement: the driver gave up, or the device refused. */
export interface Refusal {
  readonly refusal: string;
}

/** Reset, ACKNOWLEDGE, DRIVER, features, FEATURES_OK and its second look (§3.1.1 steps 1 to 6). */
export const agree = (
  port: StatusPort,
  driver: DriverSide,
  legacyInterface: boolean,
): Agreement | Refusal => {
  port.writeStatus(0);
  port.readStatus();
  const add = (bit: number): void => port.writeStatus(port.readStatus() | bit);
  add(ACKNOWLEDGE);
  add(DRIVER);
  const offered = port.readFeatures();
  const modern = hasFeature(offered, 'VIRTIO_F_VERSION_1');
  const supported = modern ? driver.modern : driver.legacy & LEGACY_MASK;
  const failed = (refusal: string): Refusal => {
    add(FAILED);
    return { refusal };
  };
  // vp_finalize_features of Linux: the modern interface is of no use without the feature.
  if (!legacyInterface && !hasFeature(offered & supported, 'VIRTIO_F_VERSION_1')) {
    return failed(`${modern ? 'the driver' : 'the device'} does not know VIRTIO_F_VERSION_1`);
  }
  const valid = driver.validate(offered & supported);
  if ('refusal' in valid) return failed(valid.refusal);
  const negotiated = valid.features;
  port.writeFeatures(negotiated);
  // The legacy interface has no FEATURES_OK: the device must take what it gets (§3.1.2).
  if (hasFeature(negotiated, 'VIRTIO_F_VERSION_1')) {
    add(FEATURES_OK);
    if ((port.readStatus() & FEATURES_OK) === 0) return failed('the device refuses the features');
  }
  return { offered, supported, negotiated };
};

/** Step 8: the device is live. */
export const driverReady = (port: StatusPort): void => port.writeStatus(port.readStatus() | DRIVER_OK);
