/** What a backend finds in a guest's transmit buffer. */
import { NO_REQUEST } from '../../accounting/timeline.ts';
import { FRAME_MIN } from '../hardware/frame.ts';
import type { Packet, Packets } from '../hardware/packets.ts';
import type { DeviceQueue } from '../virtio/device-queue.ts';
import { type GuestMemory, NO_PACKET } from '../virtio/guest-memory.ts';

/** Of frames that belong to no workload. */
const NO_FLOW = -1;

/**
 * Copies the frame in the buffer popped last out of the guest. The copy carries the request on: a guest that offers
 * the same buffer again, or one that never held a frame, sends bytes that nobody waits for.
 */
export const takeFrame = (queue: DeviceQueue, memory: GuestMemory, packets: Packets): Packet => {
  const sent = frameIn(queue, memory);
  if (sent === NO_PACKET) return packets.create(FRAME_MIN, NO_REQUEST, NO_FLOW);
  const frame = packets.copy(sent);
  packets.request[sent] = NO_REQUEST;
  return frame;
};

/** The frame follows its header, in the same piece or in one of its own. */
const frameIn = ({ address, readable, pieces, rules }: DeviceQueue, memory: GuestMemory): number => {
  const first = memory.read(address[0]);
  const last = rules.ignoresDirection ? pieces : readable;
  return first === NO_PACKET && last > 1 ? memory.read(address[1]) : first;
};
