/** ISR status of a virtio device without vectors: bit 0, a queue interrupts; bit 1, the configuration changed. */
export class IsrStatus {
  isr = 0;

  /** Reading clears it, and the interrupt line falls (§4.1.4.5). */
  takeIsr(): number {
    const { isr } = this;
    this.isr = 0;
    return isr;
  }

  /** InterruptACK of virtio-mmio: clears these bits (§4.2.2). */
  acknowledge(bits: number): void {
    this.isr &= ~bits;
  }
}
