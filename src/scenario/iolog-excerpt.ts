/** The beginning of a log that is too long for a scenario, and what of it has no meaning here. */
import { type Iolog, type IologMistake, readIolog } from './iolog.ts';

/** A scenario has room for so much of a log, in characters. */
const MOST = 900_000;

export interface IologExcerpt {
  readonly text: string;
  readonly log: Iolog;
  readonly remarks: readonly string[];
}

/** @param text of the log, or the beginning of it. @param length of the whole, bytes. */
export const excerptIolog = (text: string, length: number): IologExcerpt | IologMistake => {
  const whole = text.length === length && length <= MOST;
  const kept = whole ? text : text.slice(0, text.lastIndexOf('\n', MOST) + 1);
  const log = readIolog(kept);
  if ('message' in log) return log;
  const { ios, files, leftOut } = log;
  const others = [...leftOut].map(([action, times]) => `${times} of ${action} are left out`);
  const remarks = [
    ...(whole ? [] : [`${ios.length} I/Os are taken, those of its first ${kept.length} bytes of ${length}`]),
    ...(files > 1 ? [`it has ${files} files, which are one disk here`] : []),
    ...others,
    ...(/^\s*fio version 2/.test(kept) && /\swait\s/.test(kept)
      ? ['wait is taken as fio documents it: microseconds since the one before']
      : []),
  ];
  return { text: kept, log, remarks };
};
