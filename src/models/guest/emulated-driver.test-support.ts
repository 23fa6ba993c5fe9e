/** A guest driver of an emulated NIC above a register port that only writes down what it is asked. */
import type { Simulation } from '../../kernel/simulation.ts';
import { type Picoseconds, us } from '../../units.ts';
import { RUN, WAIT } from '../hardware/context.ts';
import type { DescriptorRings } from '../hardware/descriptor-rings.ts';
import type { Packets } from '../hardware/packets.ts';
import type { Processor } from '../hardware/processor.ts';
import type { RegisterPort } from '../hardware/register-port.ts';
import type { NetDevice } from '../linux/net-device.ts';

interface Setup<D extends NetDevice> {
  readonly world: {
    readonly sim: Simulation;
    readonly packets: Packets;
    readonly cores: readonly Processor[];
  };
  readonly rings: DescriptorRings;
  readonly build: (registers: RegisterPort) => D;
  /** What the device answers to a read. */
  readonly answer?: (register: string) => number;
  /** Called at each access, after it was written down. */
  readonly atAccess?: (what: string) => void;
}

export const driverBench = <D extends NetDevice>(setup: Setup<D>) => {
  const { world, rings, answer = () => 0, atAccess = () => {} } = setup;
  const { sim, packets, cores } = world;
  const accesses: string[] = [];
  const note = (what: string): void => {
    accesses.push(what);
    atAccess(what);
  };
  const driver = setup.build({
    *read(_cpu, register) {
      note(`read ${register}`);
      yield RUN;
      return answer(register);
    },
    *write(_cpu, register, value) {
      note(`write ${register} ${value}`);
      yield RUN;
    },
  });
  const received: number[] = [];
  const freed: number[] = [];
  let restarts = 0;
  driver.attach({
    received: (packet) => received.push(packet),
    freed: (packet) => freed.push(packet),
    restarted: () => restarts++,
  });
  const run = (): void => sim.run((sim.now + us(100)) as Picoseconds);
  let slot = 0;
  /** Frames that the device has put into the receive ring. */
  const deliver = (frames: number, size = 60): number[] =>
    Array.from({ length: frames }, () => {
      const packet = packets.create(size, -1, 0);
      rings.rx[slot] = packet;
      slot = (slot + 1) % rings.rx.length;
      rings.rxDone++;
      return packet;
    });
  /** start_xmit until the queue stops or `limit` are sent; then the doorbell, if any packet asked for it. */
  const transmit = (limit: number, more = false): number[] => {
    const sent: number[] = [];
    const sender = cores[0].task('sender', function* (cpu) {
      yield WAIT;
      let ring = false;
      while (sent.length < limit && !driver.stopped) {
        const packet = packets.create(60, -1, 0);
        sent.push(packet);
        driver.prepare(cpu, packet);
        yield RUN;
        ring = driver.publish(cpu, packet, more || sent.length < limit) || ring;
      }
      const work = ring ? driver.doorbell.act(cpu) : null;
      if (work !== null) yield* work;
      for (;;) yield WAIT;
    });
    sender.signal();
    run();
    return sent;
  };
  return { driver, accesses, received, freed, restarts: () => restarts, run, deliver, transmit };
};
