/** What becomes of fio's job files: its own examples' options, its units, and what has no meaning here. */
import { expect, test } from 'vitest';
import { type ImportedJobs, importFioJobs } from './fio-job-file.ts';
import { workloadSchema } from './workload-schema.ts';

const jobsOf = (text: string): ImportedJobs => {
  const imported = importFioJobs(text);
  if ('mistakes' in imported) throw new RangeError(imported.mistakes.join('; '));
  return imported.jobs;
};

test('jobs take what the global section says, and have options of their own', () => {
  const { workloads, runtime, remarks } = jobsOf(`
    ; random reads beside bulk writes
    [global]
    ioengine=libaio
    direct=1
    time_based
    runtime=30
    ramp_time=500ms
    group_reporting=1
    filename=/dev/nvme0n1

    [small reads]
    rw=randread
    bs=4k
    iodepth=32
    numjobs=4
    rate_iops=2000

    [bulk.1]
    readwrite=write
    blocksize=512k
    iodepth=8
    iodepth_batch=4
    size=1g
    zero_buffers
  `);
  expect(workloads).toEqual({
    'small-reads': {
      ...{ vm: 'vm', kind: 'fio', ioengine: 'libaio', rw: 'randread', bs: '4096 B' },
      ...{ iodepth: 32, numjobs: 4, rate_iops: '2000 /s', ramp_time: '200 ms' },
    },
    'bulk-1': {
      ...{ vm: 'vm', kind: 'fio', ioengine: 'libaio', rw: 'write', bs: '524288 B' },
      ...{ iodepth: 8, iodepth_batch_submit: 4, size: '1073741824 B', ramp_time: '200 ms' },
    },
  });
  expect(runtime).toBe(30);
  expect(remarks).toEqual([
    'ramp_time=500ms beyond 0.2 s of simulated time is left out',
    'zero_buffers=true is left out',
  ]);
  for (const workload of Object.values(workloads))
    expect(workloadSchema.safeParse(workload).success).toBe(true);
});

test('units are those of fio: k is 1024, a bare time is seconds', () => {
  const { workloads, runtime } = jobsOf(
    '[j]\nrw=read\nbs=1m\nsize=2gb\noffset=4KiB\nruntime=2m\nrwmixwrite=30',
  );
  expect(workloads['j']).toMatchObject({
    bs: '1048576 B',
    size: '2147483648 B',
    offset: '4096 B',
    rwmixread: 70,
  });
  expect(runtime).toBe(120);
});

test('engines of one I/O at a time are psync; a job that says nothing reads', () => {
  expect(jobsOf('[a]\nioengine=pvsync2\n[b]\n').workloads).toEqual({
    a: { vm: 'vm', kind: 'fio', ioengine: 'psync', rw: 'read' },
    b: { vm: 'vm', kind: 'fio', ioengine: 'psync', rw: 'read' },
  });
});

test('jobs that would run one after the other are said to run together', () => {
  expect(jobsOf('[global]\ndirect=1\n[a]\nrw=read\n[b]\nstonewall\nrw=write').remarks).toEqual([
    'stonewall: fio would run the jobs one after the other; here they run together',
  ]);
});

test('what fio would do otherwise is said: depth of synchronous engines, the page cache, the order of sections', () => {
  expect(jobsOf('[a]\niodepth=32\n[global]\nrw=randread')).toMatchObject({
    workloads: { a: { ioengine: 'psync', rw: 'randread' } },
    remarks: [
      'direct=1 is taken for granted: I/O through the page cache is not modelled',
      'a [global] section behind a job holds for all jobs here',
      'iodepth of a synchronous engine is left out',
    ],
  });
});

test.each([
  ['[a]\nrw=trim', '[a] rw=trim: there is read, write, randread, randwrite, rw, randrw'],
  ['[a]\nioengine=mmap', '[a] ioengine=mmap: there is libaio, io_uring, sync, psync, vsync, pvsync, pvsync2'],
  ['[a]\nbs=large', '[a] bs=large: expected a size, e.g. 4k'],
  ['[a]\niodepth=deep', '[a] iodepth=deep: expected a whole number'],
  ['[a]\ndirect=0', '[a] direct=0: I/O through the page cache is not modelled; take direct=1'],
  ['[a]\nruntime=soon', '[a] runtime=soon: expected a time, e.g. 30 or 500ms'],
  ['[global]\nrw=read', 'there is no job: a section such as [reads]'],
  ['[a b]\n[a-b]', 'two jobs would be called "a-b"'],
])('%j is refused with the reason', (text, message) => {
  expect(importFioJobs(text)).toEqual({ mistakes: [message] });
});
