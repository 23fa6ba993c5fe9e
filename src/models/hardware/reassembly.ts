/** Whether all frames have come that software cut a packet into: who waits for it has it with the last of them. */
import type { Packet, Packets } from './packets.ts';
import { framesOf } from './segmentation.ts';

export class Reassembly {
  private readonly packets: Packets;
  /** By flow: the packet whose frames come in, and how many have come. */
  private readonly train: number[] = [];
  private readonly arrived: number[] = [];

  constructor(packets: Packets) {
    this.packets = packets;
  }

  /**
   * Takes note of a frame, or of several that were merged. Frames of a flow come in order, or not at all: nobody sends one
   * again, so a packet of which one was lost is never whole.
   * @returns false where this is the last frame, and another is missing.
   */
  complete(packet: Packet): boolean {
    const { size, flow, train, whole } = this.packets;
    const number = train[packet];
    if (number === 0) return true;
    const at = flow[packet];
    if (this.train[at] !== number) {
      this.train[at] = number;
      this.arrived[at] = 0;
    }
    this.arrived[at] += framesOf(size[packet]);
    const due = whole[packet];
    return due === 0 || this.arrived[at] === framesOf(due);
  }
}
