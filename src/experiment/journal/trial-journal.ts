/**
 * Finished trials on disk, a line of JSON each (`{"key": …, "answer": …}`): a run that was stopped or killed goes on from there. Lines are
 * only ever appended, so that `cat` joins two journals, and two runs do not harm each other; what a kill has cut off is not taken.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import type { TrialAnswer, TrialTask } from '../trial-task.ts';
import { fromJson, toJson } from './plain-json.ts';
import { trialKey } from './trial-key.ts';

/** How a line begins, up to the key and behind it. */
const BEFORE = '{"key":"';
const KEY = 64;
const BETWEEN = '","answer":';
const CHUNK = 1 << 20;
const NEWLINE = 10;

/** Where a line stands in the file. */
interface Line {
  readonly start: number;
  readonly length: number;
}

export class TrialJournal {
  private readonly file: string;
  private readonly code: string;
  private readonly lines = new Map<string, Line>();
  private descriptor: number | null = null;
  /** What a kill has cut off stands at its end. */
  private torn = false;
  private found = 0;

  /** @param code of the model. */
  constructor(file: string, code: string) {
    this.file = file;
    this.code = code;
    try {
      // 'a+' would make a file where there is none.
      closeSync(openSync(file, 'r'));
      this.descriptor = openSync(file, 'a+');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    if (this.descriptor !== null) this.scan(this.descriptor);
  }

  /** Answers that were found so far. */
  get taken(): number {
    return this.found;
  }

  /** Finds whole lines, and where the last one ends. */
  private scan(descriptor: number): void {
    const { size } = fstatSync(descriptor);
    const chunk = Buffer.alloc(CHUNK);
    let start = 0;
    let head = Buffer.alloc(0);
    for (let at = 0; at < size; ) {
      const read = readSync(descriptor, chunk, 0, CHUNK, at);
      for (let from = 0; from < read; ) {
        const newline = chunk.subarray(0, read).indexOf(NEWLINE, from);
        const stop = newline < 0 ? read : newline;
        const wanted = BEFORE.length + KEY - head.length;
        if (wanted > 0) head = Buffer.concat([head, chunk.subarray(from, Math.min(stop, from + wanted))]);
        if (newline >= 0) {
          const length = at + newline - start;
          this.lines.set(head.toString('latin1').slice(BEFORE.length), { start, length });
          start = at + newline + 1;
          head = Buffer.alloc(0);
        }
        from = stop + 1;
      }
      at += read;
    }
    this.torn = start < size;
  }

  /** The answer to `task`, if it is there. */
  find(task: TrialTask): TrialAnswer | null {
    const line = this.lines.get(trialKey(task, this.code));
    if (line === undefined || this.descriptor === null) return null;
    const buffer = Buffer.alloc(line.length);
    readSync(this.descriptor, buffer, 0, line.length, line.start);
    try {
      const { answer } = fromJson(buffer.toString('utf8')) as { answer: TrialAnswer };
      this.found++;
      return answer;
    } catch (error) {
      // Somebody else wrote it, or the disk: the trial is run again.
      if (error instanceof SyntaxError) return null;
      throw error;
    }
  }

  /** Appends the answer to `task`, which survives a kill. @throws an Error with a code where that does not go */
  append(task: TrialTask, answer: TrialAnswer): void {
    const key = trialKey(task, this.code);
    const line = Buffer.from(`${this.torn ? '\n' : ''}${BEFORE}${key}${BETWEEN}${toJson(answer)}}\n`);
    this.descriptor ??= openSync(this.file, 'a+');
    for (let done = 0; done < line.length; ) done += writeSync(this.descriptor, line, done);
    this.torn = false;
  }

  /** From now on what was appended survives a power cut, too. */
  sync(): void {
    if (this.descriptor !== null) fdatasyncSync(this.descriptor);
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }

  /** The run is over: nothing of it is needed any more. */
  remove(): void {
    this.close();
    rmSync(this.file, { force: true });
  }
}
