/**
 * The cache lines of a ring, as they go back and forth between the core of the driver and that of the device: reading a
 * line that the other side wrote since fetches it from the other's cache. Writes are taken to hide behind the store
 * buffer. A line that both write (packed rings) is fetched by each after the other's writes.
 */
export class RingLines {
  private readonly newToDevice: Uint8Array;
  private readonly newToDriver: Uint8Array;
  private byDevice = 0;
  private byDriver = 0;

  constructor(lines: number) {
    this.newToDevice = new Uint8Array(lines);
    this.newToDriver = new Uint8Array(lines);
  }

  driverWrote(line: number): void {
    this.newToDevice[line] = 1;
  }

  deviceWrote(line: number): void {
    this.newToDriver[line] = 1;
  }

  driverReads(line: number): void {
    this.byDriver += this.newToDriver[line];
    this.newToDriver[line] = 0;
  }

  deviceReads(line: number): void {
    this.byDevice += this.newToDevice[line];
    this.newToDevice[line] = 0;
  }

  /** Lines outside the ring that the device reads fresh from the driver's cache: an indirect table. */
  deviceReadsFresh(lines: number): void {
    this.byDevice += lines;
  }

  /** Lines that the driver fetched since the last call. */
  takeByDriver(): number {
    const lines = this.byDriver;
    this.byDriver = 0;
    return lines;
  }

  /** Lines that the device fetched since the last call. */
  takeByDevice(): number {
    const lines = this.byDevice;
    this.byDevice = 0;
    return lines;
  }
}

/** Bytes of a line, on every machine this model knows. */
export const LINE = 64;
