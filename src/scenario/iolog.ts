/**
 * Logs of I/Os as fio writes and reads them (iolog.c; "Trace file format v2" and v3 of its documentation).
 *
 *   fio version 3 iolog            fio version 2 iolog
 *   0 /dev/sda add                 /dev/sda add
 *   0 /dev/sda open                /dev/sda open
 *   12 /dev/sda read 8192 4096     /dev/sda wait 12
 *   30 /dev/sda close              /dev/sda read 8192 4096
 *
 * Simplification: all files of a log are the one disk; `sync`, `datasync` and `trim` are left out.
 */
import type { LoggedIo } from '../models/guest/applications/replay.ts';
import { type Picoseconds, us } from '../units.ts';

export interface Iolog {
  readonly ios: readonly LoggedIo[];
  /** From its start to the last time in it, ps; 0: it has no times. */
  readonly duration: Picoseconds;
  readonly files: number;
  /** How often each action was left out. */
  readonly leftOut: ReadonlyMap<string, number>;
}

/** A line that cannot be taken, from 1. */
export interface IologMistake {
  readonly line: number;
  readonly message: string;
}

export const isIolog = (text: string): boolean => /^\s*fio version \d+ iolog/.test(text);

const FILE_ACTIONS = ['add', 'open', 'close'];
const OTHERS = ['sync', 'datasync', 'trim'];
/** Longest time in a log, us: an hour. */
const LONGEST = 3600e6;
const LARGEST = 512 * 1024;

const count = (text: string | undefined): number | null =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;

class Reader {
  readonly ios: LoggedIo[] = [];
  readonly leftOut = new Map<string, number>();
  readonly files = new Set<string>();
  /** us from the start of the log. */
  now = 0;
  private first: number | null = null;
  private readonly version: 2 | 3;

  constructor(version: 2 | 3) {
    this.version = version;
  }

  /** @returns what is wrong with it, or null. */
  take(line: string): string | null {
    const words = line.trim().split(/\s+/);
    if (this.version === 3) {
      const at = count(words.shift());
      if (at === null) return 'expected a time in microseconds first';
      // The clock of a log starts with its first line, and never goes back.
      this.first ??= at;
      this.now = Math.max(this.now, at - this.first);
    }
    const [file, action, where, length] = words;
    this.files.add(file);
    const figures = [count(where), count(length)] as const;
    return this.act(action, figures[0], figures[1]);
  }

  private act(action: string, offset: number | null, size: number | null): string | null {
    if (FILE_ACTIONS.includes(action)) return null;
    if (OTHERS.includes(action)) {
      this.leftOut.set(action, (this.leftOut.get(action) ?? 0) + 1);
      return null;
    }
    if (action === 'wait') {
      if (this.version === 3) return 'there is no wait in version 3; its lines have times';
      if (offset === null) return 'expected microseconds behind wait';
      this.now += offset;
      return null;
    }
    if (action !== 'read' && action !== 'write') {
      return `there is no action "${action ?? ''}": ${['read', 'write', ...OTHERS, ...FILE_ACTIONS].join(', ')}`;
    }
    if (offset === null || size === null) return `expected an offset and a length behind ${action}, in bytes`;
    if (size === 0 || size > LARGEST) {
      return `${size} B: an I/O has 1 to ${LARGEST} B; Linux would cut longer ones, which is not modelled`;
    }
    if (this.now > LONGEST) return 'a log is at most an hour long';
    this.ios.push({ at: us(this.now), operation: action, offset, size });
    return null;
  }
}

/** Reads a log. */
export const readIolog = (text: string): Iolog | IologMistake => {
  const lines = text.split('\n');
  const [, version] = /^\s*fio version (\d+) iolog\s*$/.exec(lines[0]) ?? [];
  if (version !== '2' && version !== '3') {
    return { line: 1, message: 'expected "fio version 3 iolog", or 2, in the first line' };
  }
  const reader = new Reader(version === '2' ? 2 : 3);
  for (const [i, line] of lines.entries()) {
    if (i === 0 || line.trim() === '') continue;
    const message = reader.take(line);
    if (message !== null) return { line: i + 1, message };
  }
  const { ios, now, files, leftOut } = reader;
  if (ios.length === 0) return { line: lines.length, message: 'there is no read or write in it' };
  return { ios, duration: us(now), files: files.size, leftOut };
};
