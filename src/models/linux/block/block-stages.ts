/** Names of its stages in requests' time lines: of a guest's (or bare metal's) block layer, or of the host's below a backend. */
export interface BlockStages {
  readonly submit: string;
  /** For its turn in the system call that submits several. */
  readonly waitSubmit: string;
  readonly complete: string;
  readonly waitInterrupt: string;
}

export const GUEST_BLOCK: BlockStages = {
  submit: 'block: submit',
  waitSubmit: 'wait: submitter',
  complete: 'block: complete',
  waitInterrupt: 'wait: disk interrupt',
};
export const HOST_BLOCK: BlockStages = {
  submit: 'host block: submit',
  waitSubmit: 'wait: io_submit',
  complete: 'host block: complete',
  waitInterrupt: 'wait: host disk interrupt',
};
