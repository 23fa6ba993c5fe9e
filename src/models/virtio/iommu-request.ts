/** Requests of a virtio-iommu (virtio 1.2 §5.13.6): head and arguments, which the device reads, and a tail, which it writes. */
import type { BufferRule } from './device-queue.ts';
import type { Piece } from './driver-queue.ts';

/** MAP or UNMAP of one page. */
export interface IommuRequest {
  readonly page: number;
  readonly maps: boolean;
}

/** What lies in guest memory: by the address of the head. */
export type IommuRequests = Map<number, IommuRequest>;

/** Bytes of the head alone, of a MAP and of an UNMAP request, each without the tail. */
const HEAD = 4;
const MAP = 36;
const UNMAP = 28;
/** The status. */
const TAIL = 4;

/** The pieces of a request at `at`. */
export const piecesOfIommuRequest = ({ maps }: IommuRequest, at: number): Piece[] => {
  const length = maps ? MAP : UNMAP;
  return [
    { address: at, length, writable: false },
    { address: at + length, length: TAIL, writable: true },
  ];
};

/** Bytes that the device writes. */
export const WRITTEN = TAIL;

/** virtio_iommu_handle_command of QEMU: "bad head/tail size". */
export const iommuRequestRule: BufferRule = ({ pieces, readable, length }) => {
  let head = 0;
  let tail = 0;
  for (let i = 0; i < pieces; i++) {
    if (i < readable) head += length[i];
    else tail += length[i];
  }
  return head < HEAD ? 'header cut short' : tail < TAIL ? 'no room for the status' : null;
};
