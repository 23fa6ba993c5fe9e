/** How wide a line of DejaVu Sans is, closely enough to lay out charts without loading the font. */

/** Advance widths in thousandths of the size, by groups of like letters. */
const WIDTHS: readonly (readonly [letters: string, width: number])[] = [
  ['ijl|', 290],
  [" .,·'", 318],
  ['ft-:;()[]r/', 380],
  ['cszk', 540],
  ['abdeghnopquvxyµ0123456789', 625],
  ['w+±×=<>≤≥—%', 830],
  ['m', 974],
  ['MWQ…@', 930],
];
const UPPER_CASE = 680;
const REST = 625;

const byLetter = new Map(WIDTHS.flatMap(([letters, width]) => [...letters].map((letter) => [letter, width])));

/** The bold face is wider by about this much. */
export const BOLD = 1.13;

/** @param size of the font, px. */
export const textWidth = (text: string, size = 11): number => {
  let width = 0;
  for (const letter of text) width += byLetter.get(letter) ?? (/\p{Lu}/u.test(letter) ? UPPER_CASE : REST);
  return (width * size) / 1000;
};

/** `text`, shortened if it is wider than `width`. */
export const fitted = (text: string, width: number): string => {
  if (textWidth(text) <= width) return text;
  let end = text.length;
  while (end > 1 && textWidth(`${text.slice(0, end)}…`) > width) end -= 1;
  return `${text.slice(0, end)}…`;
};

/** The widest of `texts`. */
export const widest = (texts: readonly string[]): number =>
  texts.reduce((width, text) => Math.max(width, textWidth(text)), 0);
