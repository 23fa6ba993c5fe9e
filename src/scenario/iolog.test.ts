/** fio's logs, by its documentation ("Trace file format"), and what is made of them. */
import { describe, expect, test } from 'vitest';
import { us } from '../units.ts';
import { isIolog, readIolog } from './iolog.ts';
import { excerptIolog, type IologExcerpt } from './iolog-excerpt.ts';

const THREE = `fio version 3 iolog
2 /dev/nvme0n1 add
872 /dev/nvme0n1 open
878 /dev/nvme0n1 write 0 16384
888 /dev/nvme0n1 read 8192 4096
900 /dev/nvme0n1 sync 0 0
1002 /dev/nvme0n1 close
`;

const TWO = `fio version 2 iolog
/tmp/a add
/tmp/a open
/tmp/a read 0 512
/tmp/a wait 120
/tmp/b write 4096 1024
/tmp/a close
`;

test('version 3 has a time in each line, in microseconds, the first of which is its start', () => {
  expect(readIolog(THREE)).toEqual({
    ios: [
      { at: us(876), operation: 'write', offset: 0, size: 16_384 },
      { at: us(886), operation: 'read', offset: 8192, size: 4096 },
    ],
    duration: us(1000),
    files: 1,
    leftOut: new Map([['sync', 1]]),
  });
});

test('version 2 waits between them', () => {
  expect(readIolog(TWO)).toMatchObject({
    ios: [
      { at: us(0), operation: 'read', offset: 0, size: 512 },
      { at: us(120), operation: 'write', offset: 4096, size: 1024 },
    ],
    duration: us(120),
    files: 2,
  });
});

describe('what cannot be taken is named with its line', () => {
  test.each([
    ['', 1, 'in the first line'],
    ['fio version 1 iolog\n', 1, 'in the first line'],
    ['fio version 3 iolog\n1 a open\n', 3, 'no read or write'],
    ['fio version 3 iolog\n1 a wait 5\n', 2, 'no wait in version 3'],
    ['fio version 3 iolog\na read 0 512\n', 2, 'time in microseconds first'],
    ['fio version 3 iolog\n1 a read 0\n', 2, 'an offset and a length behind read'],
    ['fio version 3 iolog\n1 a read 0 -5\n', 2, 'an offset and a length behind read'],
    ['fio version 2 iolog\na dance 0 512\n', 2, 'no action "dance"'],
    ['fio version 2 iolog\na read 0 0\n', 2, '1 to 524288 B'],
    ['fio version 2 iolog\na write 0 1048576\n', 2, '1 to 524288 B'],
    ['fio version 3 iolog\n0 a open\n3600000001 a read 0 512\n', 3, 'at most an hour'],
  ])('%j', (text, line, message) => {
    expect(readIolog(text)).toEqual({ line, message: expect.stringContaining(message) });
  });
});

test('a log is known by its first line', () => {
  expect([isIolog(THREE), isIolog(TWO), isIolog('[job]\nrw=read')]).toEqual([true, true, false]);
});

test('of a log that is too long the first whole lines are taken, and it is said', () => {
  const line = '5 /dev/nvme0n1 read 8192 4096\n';
  const long = `fio version 3 iolog\n${line.repeat(40_000)}`;
  const excerpt = excerptIolog(long, long.length);
  if ('message' in excerpt) throw new RangeError(excerpt.message);
  expect(excerpt.text.endsWith(line)).toBe(true);
  expect(excerpt.text.length).toBeLessThanOrEqual(900_001);
  const taken = (excerpt.text.length - 'fio version 3 iolog\n'.length) / line.length;
  expect(excerpt.remarks).toEqual([
    `${taken} I/Os are taken, those of its first ${excerpt.text.length} bytes of ${long.length}`,
  ]);
});

test('what has no meaning here is said', () => {
  const said = (text: string) => (excerptIolog(text, text.length) as IologExcerpt).remarks;
  expect(said(THREE)).toEqual(['1 of sync are left out']);
  expect(said(TWO)).toEqual([
    'it has 2 files, which are one disk here',
    'wait is taken as fio documents it: microseconds since the one before',
  ]);
});
