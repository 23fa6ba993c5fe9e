/** An emulated NIC inside QEMU, with a vCPU that runs bits of guest code, a tap, and interrupts that are only noted. */
import type { Accounting } from '../../accounting/accounting.ts';
import type { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../units.ts';
import { type Context, WAIT } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import type { Packets } from '../hardware/packets.ts';
import type { InterruptLine } from '../hardware/processor.ts';
import type { Access } from '../hardware/register-port.ts';
import { type DeviceModel, EmulatedRegisters } from './emulated-registers.ts';
import { type Injection, InterruptPath } from './interrupt-path.ts';
import type { MainLoop } from './main-loop.ts';
import { Tap } from './tap.ts';
import type { VCpu } from './vcpu.ts';

export type Guest = (cpu: Context) => Access;

type SpendingLine = ReturnType<Accounting['ledger']['spending']>[number];

interface Setup {
  readonly world: { readonly sim: Simulation; readonly books: Accounting; readonly packets: Packets };
  readonly vcpu: VCpu;
  readonly loop: MainLoop;
  /** Where the device puts frames and takes them from. */
  readonly rings: DescriptorRings;
}

/** What a device model is built from besides. */
interface Around {
  readonly tap: Tap;
  /** An interrupt whose instants (us) are written to `edges`. */
  readonly interrupt: (name: string, how: Injection) => { path: InterruptPath; edges: number[] };
}

/** @param build the device under test. */
export const nicBench = <M extends DeviceModel>(
  { world, vcpu, loop, rings }: Setup,
  build: (around: Around) => M,
) => {
  const { sim, books, packets } = world;
  const tap = new Tap(books, packets, 'vm tap', 'vm', 1000);
  const interrupt: Around['interrupt'] = (name, how) => {
    const edges: number[] = [];
    const line = { raise: () => void edges.push(sim.now / 1e6) } as InterruptLine;
    return { path: new InterruptPath(books, vcpu, how, name, () => line), edges };
  };
  const model = build({ tap, interrupt });
  const registers = new EmulatedRegisters(books, vcpu, model, loop.lock);
  const record = books.timeline.workload('w');
  const create = (): number => packets.create(60, books.timeline.open(record, sim.now, sim.now, 60), 0);

  const work: Guest[] = [];
  const driver = vcpu.task('driver', function* (cpu) {
    for (;;) {
      yield WAIT;
      for (let next = work.shift(); next !== undefined; next = work.shift()) yield* next(cpu);
    }
  });
  /** Guest code, at these instants (us) or now. */
  const guest = (code: Guest, times: readonly number[] = [sim.now / 1e6]): void => {
    const start = sim.handler(() => {
      work.push(code);
      driver.signal();
    });
    for (const time of times) sim.at(us(time), start);
  };
  let tail = 0;
  /** Puts packets into the transmit ring. @returns the slot behind the last. */
  const fill = (count: number): number => {
    for (let i = 0; i < count; i++) {
      rings.tx[tail] = create();
      tail = (tail + 1) % rings.tx.length;
    }
    return tail;
  };
  const read = (register: string, values: number[] = []): Guest =>
    function* (cpu) {
      values.push(yield* registers.read(cpu, register));
    };
  const write = (register: string, value: number): Guest =>
    function* (cpu) {
      yield* registers.write(cpu, register, value);
    };
  const receive = (frames: number): number[] =>
    Array.from({ length: frames }, () => {
      const packet = create();
      tap.produce(packet, sim.now);
      return packet;
    });
  const run = (span: number): void => sim.run((sim.now + us(span)) as Picoseconds);
  const at = (times: readonly number[], act: () => void): void => {
    const handler = sim.handler(act);
    for (const time of times) sim.at(us(time), handler);
  };
  const spending = (since?: Parameters<typeof books.ledger.spending>[0]) => books.ledger.spending(since);
  /** Occurrences by cost, of what `wanted` picks. */
  const counts = (wanted: (line: SpendingLine) => boolean = () => true): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const { cost, count } of spending().filter(wanted)) sums[cost] = (sums[cost] ?? 0) + count;
    return sums;
  };
  const iterations = (): number =>
    spending().reduce((sum, line) => (line.cost === 'qemu.mainLoop' ? sum + line.count : sum), 0);
  return {
    ...{ rings, tap, model, record },
    ...{ guest, fill, read, write, receive, run, at, spending, counts, iterations },
  };
};
