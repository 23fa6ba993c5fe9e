/** Disks by their formulas: what a lone command takes, who waits for whom, and that nothing is lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_REQUEST } from '../../../accounting/timeline.ts';
import { bitsPerSecond, bytes, us } from '../../../units.ts';
import { type Command, LoneDisk } from './disk.test-support.ts';
import { DISK_CLASSES, type DiskSettings } from './disk-classes.ts';
import type { FlashSettings } from './flash-disk.ts';

const KIB = 1024;

/** Nothing is drawn; the figures are round. */
const FLASH: FlashSettings = {
  ...DISK_CLASSES['nvme-tlc'],
  command: us(1),
  readFirmware: us(10),
  writeFirmware: us(5),
  read: us(50),
  readSigma: 0,
  program: us(100),
  programUnit: bytes(8 * KIB),
  readRate: bitsPerSecond(4096 * 8 * 1e6),
  writeRate: bitsPerSecond(4096 * 8 * 5e5),
  buffer: bytes(16 * KIB),
  writeAmplification: 1,
  suspend: us(20),
};
const ONE_DIE = { ...FLASH, channels: 1, dies: 1 };

const serve = (settings: DiskSettings, commands: readonly Command[]) =>
  new LoneDisk(settings).serve(commands);

describe('a flash disk', () => {
  test('a read: controller, firmware, die, interface at 4 KiB/us', () => {
    expect(serve(FLASH, [[0, 'read', 0, 4096]]).done).toEqual([1 + 10 + 50 + 1]);
  });

  test('pages of one read are read by as many dies at once, and then share the interface', () => {
    expect(serve(FLASH, [[0, 'read', 0, 32 * KIB]]).done).toEqual([1 + 10 + 50 + 8]);
    expect(serve(ONE_DIE, [[0, 'read', 0, 32 * KIB]]).done).toEqual([1 + 10 + 8 * 50 + 8]);
  });

  test('a channel carries one page at a time', () => {
    const slow = { ...FLASH, channels: 2, dies: 4, channelRate: bitsPerSecond(4096 * 8 * 2.5e5) };
    // Eight pages on two channels: four follow each other on each, 4 us apiece.
    expect(serve(slow, [[0, 'read', 0, 32 * KIB]]).done).toEqual([1 + 10 + 50 + 4 * 4 + 8]);
  });

  test('a write is done when the buffer has it: controller, interface at 2 KiB/us, firmware', () => {
    expect(serve(FLASH, [[0, 'write', 0, 4096]]).done).toEqual([1 + 2 + 5]);
  });

  test('a write that finds the buffer full waits for a program; what is left of the segment is for later ones', () => {
    const full: Command[] = [
      [0, 'write', 0, 8 * KIB],
      [100, 'write', 0, 8 * KIB],
      [101, 'write', 0, 4 * KIB],
      [200, 'write', 0, 4 * KIB],
    ];
    // In the buffer at 10, programmed until 110; the next at 110, programmed until 210.
    expect(serve(ONE_DIE, full).done).toEqual([10, 110, 112, 208]);
  });

  test('a read suspends the program of its die where enough of it is left, and puts off its end', () => {
    const commands: Command[] = [
      [0, 'write', 0, 8 * KIB],
      [20, 'read', 0, 4 * KIB],
      [20, 'flush', 0, 0],
    ];
    // The program runs from 10 to 110; the read is ready at 31, begins at 51, is over at 101, and the program at 160.
    expect(serve({ ...ONE_DIE, powerLossProtection: false }, commands).done).toEqual([10, 102, 160]);
  });

  test('a read waits for a program that is nearly over', () => {
    const commands: Command[] = [
      [0, 'write', 0, 8 * KIB],
      [84, 'read', 0, 4 * KIB],
    ];
    expect(serve(ONE_DIE, commands).done).toEqual([10, 110 + 50 + 1]);
  });

  test('a flush waits for what was written before it, unless capacitors keep the buffer', () => {
    const commands: Command[] = [
      [0, 'write', 0, 4 * KIB],
      [20, 'flush', 0, 0],
      [30, 'write', 0, 8 * KIB],
    ];
    const unsafe = { ...ONE_DIE, powerLossProtection: false };
    expect(serve(unsafe, commands).done).toEqual([8, 20 + 1 + 5 + 100, 40]);
    expect(serve(ONE_DIE, commands).done).toEqual([8, 20 + 1 + 5, 40]);
  });

  test('without a buffer a write is done when the flash has it', () => {
    const unbuffered = { ...FLASH, buffer: bytes(0), programUnit: bytes(4 * KIB) };
    expect(serve(unbuffered, [[0, 'write', 0, 4096]]).done).toEqual([1 + 2 + 5 + 100]);
  });
});

describe('a hard disk', () => {
  const disk = { ...DISK_CLASSES['hdd-7200'], rotation: us(0), capacity: bytes(1e12) };
  const at = (share: number): number => share * 1e12;
  const transfer = 4096 / 180;

  test('seeks by the square root of the distance', () => {
    expect(serve(disk, [[0, 'read', at(0.25), 4096]]).done[0]).toBeCloseTo(150 + 800 + 6000 + transfer, 3);
  });

  test('what follows without a gap takes its transfer alone', () => {
    const [first, second] = serve(disk, [
      [0, 'read', at(0.25), 4096],
      [0, 'read', at(0.25) + 4096, 4096],
    ]).done;
    expect(second - first).toBeCloseTo(150 + transfer, 3);
  });

  test('serves in order of arrival, or as the arm passes', () => {
    const commands: Command[] = [0.1, 0.9, 0.3, 0.05, 0.5].map((share) => [0, 'read', at(share), 4096]);
    expect(serve(disk, commands).order).toEqual([0, 1, 2, 3, 4]);
    expect(serve({ ...disk, order: 'elevator' }, commands).order).toEqual([0, 2, 4, 1, 3]);
  });
});

test('a null disk is done after its time, and takes more than 65,536 at once', () => {
  const lone = new LoneDisk({ ...DISK_CLASSES.null, completion: us(10) });
  const commands = Array.from({ length: 70_000 }, (_, i): Command => [0, 'read', i * 4096, 4096]);
  const { done } = lone.serve(commands);
  expect(done).toHaveLength(70_000);
  expect(new Set(done)).toEqual(new Set([10]));
});

test('a serial disk serves one after the other: 5 us and 2,000 MB/s each', () => {
  const { done } = serve(DISK_CLASSES.serial, [
    [0, 'write', 0, 500_000],
    [1, 'read', 0, 4000],
  ]);
  expect(done).toEqual([255, 255 + 7]);
});

test('whatever is asked of a disk is done once, and its stages are its latency', () => {
  const command: fc.Arbitrary<Command> = fc.tuple(
    fc.nat(2000),
    fc.constantFrom('read', 'read', 'write', 'write', 'flush'),
    fc.nat(1e6).map((page) => page * 4096),
    fc.constantFrom(512, 4096, 16_384, 131_072, 20 * 1024 * 1024),
  );
  const settings = fc.constantFrom<DiskSettings>(
    DISK_CLASSES['sata-ssd'],
    { ...DISK_CLASSES['nvme-tlc'], channelRate: bitsPerSecond(8e9) },
    DISK_CLASSES.optane,
    DISK_CLASSES['hdd-7200'],
    { ...DISK_CLASSES['hdd-7200'], order: 'elevator' },
    DISK_CLASSES.null,
    DISK_CLASSES.serial,
    { ...FLASH, powerLossProtection: false, writeAmplification: 3 },
  );
  fc.assert(
    fc.property(settings, fc.array(command, { maxLength: 60 }), (drawn, commands) => {
      const lone = new LoneDisk(drawn);
      const { sim, books, disk } = lone;
      const record = books.timeline.workload('w');
      const sized = commands.map(
        ([at, operation, offset, size]): Command => [at, operation, offset, operation === 'flush' ? 0 : size],
      );
      const submit = disk.submit.bind(disk);
      disk.submit = (io, queue) => {
        io.request = books.timeline.open(record, sim.now, sim.now, io.size);
        submit(io, {
          completed: () => {
            // Throws unless the stages telescope.
            books.timeline.close(io.request, sim.now);
            io.request = NO_REQUEST;
            queue.completed(io);
          },
        });
      };
      const { order } = lone.serve(sized);
      expect([...order].sort((a, b) => a - b)).toEqual(sized.map((_, index) => index));
      for (const station of disk.stations) expect(station.busyBy(sim.now)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 200, seed: 1 },
  );
});
