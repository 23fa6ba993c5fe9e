/** Reads a file that a user names. */
import { readFileSync, statSync } from 'node:fs';
import type { Mistake } from './mistake.ts';

const FILE_MAX = 1 << 20;

/** Its text, or why there is none. */
export const readText = (file: string): { text: string } | { mistake: Mistake } => {
  const mistake = (message: string) => ({ mistake: { file, line: 0, column: 0, path: [], message } });
  try {
    const stat = statSync(file);
    const { size } = stat;
    if (stat.isDirectory()) return mistake('is a folder; name a scenario in it');
    if (size > FILE_MAX) return mistake(`is ${size} bytes long; a scenario has at most ${FILE_MAX}`);
    return { text: readFileSync(file, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return mistake(
      `cannot be read: ${code === 'ENOENT' ? 'there is no such file' : `not allowed (${code})`}`,
    );
  }
};
