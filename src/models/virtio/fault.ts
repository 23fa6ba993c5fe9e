/** What a driver may have done wrong, as the device sees it (virtio.c of QEMU, vhost.c of Linux), and the other way round. */

/** QEMU and vhost word it differently; where they check the same, it has one name here. */
export type Fault =
  | 'avail index moved by more than the ring size'
  | 'head out of range'
  | 'more buffers in use than the ring has entries'
  | 'next out of range'
  | 'looped chain'
  | 'nested indirect table'
  | 'bad indirect table length'
  | 'indirect table outside guest memory'
  | 'readable piece after a writable one'
  | 'zero length'
  | 'address outside guest memory'
  | 'too many pieces'
  | NetFault
  | BlkFault
  | IommuFault;

/** What is wrong with a buffer only because virtio-net offered it (`net-buffer.ts`). */
export type NetFault =
  | 'no readable piece in a transmit buffer'
  | 'writable piece in a transmit buffer'
  | 'header cut short'
  | 'nothing behind the header'
  | 'no writable piece in a receive buffer'
  | 'readable piece in a receive buffer';

/** What is wrong with a buffer only because virtio-blk offered it (`blk-request.ts`). */
export type BlkFault = 'no header or no status in a block request' | 'header cut short';

/** What is wrong with a buffer only because virtio-iommu's driver offered it (`iommu-request.ts`). */
export type IommuFault = 'header cut short' | 'no room for the status';

/** What a device may have done wrong, in the words of Linux's BAD_RING. */
export type UsedFault = 'used id out of range' | 'used id is not a head';
