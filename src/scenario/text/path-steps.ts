/** Reads a path such as `workloads.rpc.rate`, `datapaths[0].kind` or `costs."exit.light"` into steps. */
import type { PathKey } from './mistake.ts';

/** Neighbouring bare names may together be one key with dots in it; a quoted name is a whole key. */
export type Step = { readonly name: string; readonly whole: boolean } | { readonly index: number };

export const keyOf = (step: Step): PathKey => ('index' in step ? step.index : step.name);

const STEP = /(?:^|(?<!^)\.)(?:"((?:[^"\\]|\\.)*)"|([^."[\]=]+))|\[(\d{1,9})\]/y;

/** Undefined when the text is not a path. */
export const stepsOf = (text: string): readonly Step[] | undefined => {
  const steps: Step[] = [];
  let position = 0;
  while (position < text.length) {
    STEP.lastIndex = position;
    const match = STEP.exec(text);
    if (match === null) return undefined;
    const [all, inQuotes, bare, index] = match;
    if (index !== undefined) steps.push({ index: Number(index) });
    else if (bare !== undefined) steps.push({ name: bare.trim(), whole: false });
    else steps.push({ name: inQuotes.replace(/\\(.)/g, '$1'), whole: true });
    position += all.length;
  }
  return steps.length > 0 ? steps : undefined;
};

/** Splits `path=value` at the first `=` that is not inside quotes. */
export const splitAssignment = (text: string): { path: string; value: string } | undefined => {
  const match = /^((?:[^"=]|"(?:[^"\\]|\\.)*")+)=(.*)$/s.exec(text);
  return match === null ? undefined : { path: match[1].trim(), value: match[2] };
};
