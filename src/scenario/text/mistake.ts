/** A mistake in what the user wrote: where it stands and, in words, what was expected there. */

export type PathKey = string | number;

/** Line 0 means that `file` has no lines, as a command-line option has none. */
export type Place = { readonly file: string; readonly line: number; readonly column: number };

export type Mistake = Place & {
  readonly path: readonly PathKey[];
  readonly message: string;
};

const LONGEST_QUOTE = 60;
const PLAIN_KEY = /^[\p{L}\p{N}_-]+$/u;
/** Line breaks, terminal controls and marks that reverse the reading direction. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const visible = (text: string): string =>
  text.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** Text as it may stand in a message: on one line, bounded, and unable to steer a terminal. */
export const quoted = (text: string): string => {
  const letters = [...text.slice(0, 2 * LONGEST_QUOTE + 2)];
  const short = letters.length > LONGEST_QUOTE ? `${letters.slice(0, LONGEST_QUOTE).join('')}…` : text;
  return visible(JSON.stringify(short));
};

/** As a path is written after `--set`: `costs."exit.light"`, `datapaths[0]`. */
export const pathText = (path: readonly PathKey[]): string =>
  path
    .map((key, depth) => {
      if (typeof key === 'number') return `[${key}]`;
      return `${depth === 0 ? '' : '.'}${PLAIN_KEY.test(key) && key.length <= LONGEST_QUOTE ? key : quoted(key)}`;
    })
    .join('');

export const didYouMean = (name: string | undefined): string =>
  name === undefined ? '' : ` — did you mean ${quoted(name)}?`;

export const formatMistake = ({ file, line, column, path, message }: Mistake): string => {
  const place = line === 0 ? file : `${file}:${line}:${column}`;
  return visible([place, ...(path.length === 0 ? [] : [pathText(path)]), message].join(': '));
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** In reading order, each said once. */
export const sortMistakes = (mistakes: readonly Mistake[]): Mistake[] => {
  const once = new Map(mistakes.map((mistake) => [formatMistake(mistake), mistake]));
  return [...once]
    .sort(
      ([textA, a], [textB, b]) =>
        byText(a.file, b.file) || a.line - b.line || a.column - b.column || byText(textA, textB),
    )
    .map(([, mistake]) => mistake);
};
