/** The doorbells of an NVMe queue pair with and without a doorbell buffer, against the rule by itself. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BlockIo } from './block-io.ts';
import { NOBODY } from './disk.test-support.ts';
import { NvmeQueue } from './nvme-queue.ts';

const io = new BlockIo(NOBODY);

test('without a doorbell buffer each batch rings', () => {
  const queue = new NvmeQueue(16);
  queue.submit(io);
  expect(queue.submissionDoorbell).toBe(true);
  queue.submit(io);
  expect(queue.submissionDoorbell).toBe(true);
});

describe('with a doorbell buffer', () => {
  test('one rings, then none until the controller has seen it all', () => {
    const queue = new NvmeQueue(16, true);
    const rings = (): boolean => {
      queue.submit(io);
      return queue.submissionDoorbell;
    };
    expect([rings(), rings(), rings()]).toEqual([true, false, false]);
    expect(queue.allowSubmissionDoorbell()).toBe(true);
    while (queue.fetch() !== null);
    expect(queue.allowSubmissionDoorbell()).toBe(false);
    expect([rings(), rings()]).toEqual([true, false]);
  });

  test('a batch that passes the index rings once', () => {
    const queue = new NvmeQueue(16, true);
    for (let i = 0; i < 5; i++) queue.submit(io);
    expect(queue.submissionDoorbell).toBe(true);
  });

  test('the doorbell of completions waits for what the controller has posted since', () => {
    const queue = new NvmeQueue(16, true);
    const take = (): boolean => {
      queue.post(io);
      queue.take();
      return queue.completionDoorbell;
    };
    expect([take(), take()]).toEqual([true, false]);
    queue.allowCompletionDoorbell();
    expect(take()).toBe(true);
  });

  test('no command is lost, whoever acts when, and over the turn of the index', () => {
    // The controller looks only when it was told, and then until it has asked to be told again and found nothing.
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 200, maxLength: 400 }),
        fc.nat(1),
        (batches, late) => {
          const queue = new NvmeQueue(1 << 15, true);
          let fetched = 0;
          let submitted = 0;
          let told = false;
          const look = (): void => {
            do {
              while (queue.fetch() !== null) fetched++;
            } while (queue.allowSubmissionDoorbell());
            told = false;
          };
          batches.forEach((size, i) => {
            for (let n = 0; n < size * 50; n++) queue.submit(io);
            submitted += size * 50;
            if (queue.submissionDoorbell) told = true;
            if (told && i % 2 === late) look();
          });
          if (told) look();
          expect(fetched).toBe(submitted);
        },
      ),
      { numRuns: 50, seed: 1 },
    );
  });
});
