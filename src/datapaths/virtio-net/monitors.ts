/** Which monitor serves the device: parameters, and what goes together. */
import { z } from 'zod';
import { MONITORS, type Monitor } from '../../models/host/monitor.ts';
import type { Transport, VirtioTunables } from '../virtio-params.ts';

/** Unsaid in scenarios that do not speak of other monitors. */
export const monitorShape = {
  monitor: z
    .enum(['qemu', 'firecracker', 'cloud-hypervisor'])
    .describe(
      'who serves the device in user space (qemu); firecracker is on mmio where transport does not say',
    )
    .optional(),
  signal: z
    .enum(['per-request', 'per-batch'])
    .describe(
      'Firecracker and Cloud Hypervisor: decide about an interrupt for each buffer, or once a run (per-batch)',
    )
    .optional(),
  rxCopies: z
    .int()
    .min(1)
    .max(2)
    .describe("Firecracker: 1, readv into the guest's buffers (1.10 and later); 2, into its own first (1)")
    .optional(),
};

interface MonitorParams {
  readonly monitor?: Monitor['name'] | undefined;
  readonly transport?: Transport | undefined;
  readonly signal?: Monitor['signal'] | undefined;
  readonly rxCopies?: number | undefined;
}

/** The policy that these parameters mean. */
export const monitorFor = ({ monitor = 'qemu', transport, signal, rxCopies }: MonitorParams): Monitor => {
  const policy = MONITORS[monitor];
  return {
    ...policy,
    transport: transport ?? policy.transport,
    signal: signal ?? policy.signal,
    rxCopies: rxCopies === 2 ? 2 : rxCopies === 1 ? 1 : policy.rxCopies,
  };
};

/** Other monitors make modern devices alone. */
export const tunablesFor = ({
  monitor = 'qemu',
  tunables,
}: MonitorParams & { readonly tunables: VirtioTunables }): VirtioTunables =>
  monitor === 'qemu' ? tunables : { ...tunables, 'disable-legacy': true };

interface Checked extends MonitorParams {
  readonly tunables: VirtioTunables;
  readonly tx: string;
  readonly ioeventfd: boolean;
  readonly 'x-txburst': number;
}

const QEMU_BURST = 256;

/** Says what a monitor does not have. */
export const checkMonitor = (params: Checked, context: z.core.$RefinementCtx): void => {
  const { monitor = 'qemu', transport, signal, rxCopies, tunables } = params;
  const refuse = (name: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [name], message });
  if (monitor === 'qemu') {
    if (signal !== undefined)
      refuse('signal', 'QEMU decides about an interrupt for each buffer: it has no "signal"');
    if (rxCopies !== undefined)
      refuse('rxCopies', 'QEMU copies each frame received twice: it has no "rxCopies"');
    return;
  }
  if (params.tx !== 'bh') refuse('tx', `"tx" is a property of QEMU, which ${monitor} does not have`);
  if (!params.ioeventfd) refuse('ioeventfd', `"ioeventfd" is a property of QEMU: ${monitor} always has one`);
  if (params['x-txburst'] !== QEMU_BURST) {
    refuse('x-txburst', `"x-txburst" is a property of QEMU: ${monitor} serves its queue until it is empty`);
  }
  if (tunables.vectors !== undefined)
    refuse('tunables', `"vectors" is a property of QEMU, which ${monitor} does not have`);
  if (monitor !== 'cloud-hypervisor') return;
  if (transport === 'mmio') refuse('transport', 'Cloud Hypervisor has virtio over PCI alone');
  if (rxCopies === 2) refuse('rxCopies', "Cloud Hypervisor reads into the guest's buffers: one copy");
};
