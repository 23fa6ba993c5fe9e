/** The line of a device without MSI-X: virtio 1.2 §4.1.5.3, pci_set_irq and virtio_queue_guest_notifier_read of QEMU. */
import { expect, test } from 'vitest';
import { Bench } from '../hardware/bench-machine.test-support.ts';
import { type Context, RUN, WAIT } from '../hardware/context.ts';
import { TaskThread } from '../hardware/thread.ts';
import { DeviceRegisters } from '../virtio/device-registers.ts';
import { NO_FEATURES } from '../virtio/features.ts';
import { DeviceStatus } from '../virtio/negotiation.ts';
import { BigLock } from './big-lock.ts';
import type { Interrupt } from './interrupt-path.ts';
import { CONFIG_INTERRUPT, GuestNotifier, IntxPin, QUEUE_INTERRUPT } from './intx-pin.ts';
import { MainLoop } from './main-loop.ts';

const [ITERATION, READ, WAKE, IOCTL] = [100, 20, 30, 40];

const machine = () => {
  const prices = {
    'qemu.mainLoop': ITERATION,
    'qemu.eventfdRead': READ,
    'wake.waker': WAKE,
    'bql.handoff': 1,
  };
  const bench = new Bench({ cores: 2, prices });
  const loop = new MainLoop(bench.books, new BigLock(bench.books, 'web'));
  bench.cores[0].host(new TaskThread('qemu', { affinity: [0] }), 'qemu', (cpu) => loop.program(cpu));
  const registers = new DeviceRegisters(new DeviceStatus(NO_FEATURES, true), [256], 0);
  const line: Interrupt = {
    charge: (cpu) => cpu.charge(bench.costs.work, IOCTL),
    raise: () => bench.note('raised'),
  };
  const pin = new IntxPin(line, registers);
  /** A backend's thread on core 1 that interrupts at each of these times. */
  const backend = (interrupt: Interrupt, ...times: number[]): void => {
    const { context } = bench.thread(
      'backend',
      function* (cpu: Context) {
        for (;;) {
          interrupt.charge(cpu);
          yield RUN;
          interrupt.raise();
          yield WAIT;
        }
      },
      { affinity: [1] },
    );
    for (const time of times) bench.at(time, () => context.signal());
  };
  return { bench, loop, registers, pin, backend };
};

test('while the line is high another interrupt costs nothing and raises nothing', () => {
  const { bench, registers, pin, backend } = machine();
  backend(pin.interrupt(QUEUE_INTERRUPT), 1000, 2000, 4000);
  bench.at(3000, () => bench.note(`read ${registers.takeIsr()}`));
  bench.run(10_000);
  expect(bench.seen).toEqual(['1040 raised', '3000 read 1', '4040 raised']);
  expect(bench.bill('backend')).toMatchObject({ work: [2 * IOCTL, 2 * IOCTL] });
  expect(registers.isr).toBe(QUEUE_INTERRUPT);
});

test('a change of the configuration says so, whatever else is pending', () => {
  const { bench, registers, pin, backend } = machine();
  backend(pin.interrupt(QUEUE_INTERRUPT), 1000);
  backend(pin.interrupt(CONFIG_INTERRUPT), 2000);
  bench.run(10_000);
  expect(bench.seen).toEqual(['1040 raised']);
  expect(registers.takeIsr()).toBe(0b11);
});

test('vhost wakes QEMU, whose main loop raises the line', () => {
  const { bench, loop, pin, backend } = machine();
  backend(new GuestNotifier(bench.books, loop, pin.interrupt(QUEUE_INTERRUPT)), 1000);
  bench.run(10_000);
  expect(bench.bill('backend')).toMatchObject({ 'wake.waker': [WAKE, 1] });
  expect(bench.seen).toEqual([`${1000 + WAKE + ITERATION + READ + IOCTL} raised`]);
  expect(bench.bill('qemu')).toMatchObject({ 'qemu.eventfdRead': [READ, 1], work: [IOCTL, IOCTL] });
});
