/** The fonts of every picture: our own TrueType files, so that a chart looks the same on every machine. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const file = (name: string): string => require.resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`);

// TTF only: from a WOFF file resvg makes a picture without any text, and says nothing.
export const regularFont = (): string => file('DejaVuSans');
export const boldFont = (): string => file('DejaVuSans-Bold');

/** Advance width of `text` at size 1, from the font itself. */
export type Ruler = (text: string, bold: boolean) => number;

export const openRuler = async (): Promise<Ruler> => {
  const fontkit = await import('fontkit');
  const faces = { regular: fontkit.openSync(regularFont()), bold: fontkit.openSync(boldFont()) };
  const known = new Map<string, number>();
  return (text, bold) => {
    const key = `${bold ? 'b' : 'r'}${text}`;
    const cached = known.get(key);
    if (cached !== undefined) return cached;
    const face = bold ? faces.bold : faces.regular;
    const width = face.layout(text).advanceWidth / face.unitsPerEm;
    // Bounded: a long session of many charts must not grow for ever.
    if (known.size < 20_000) known.set(key, width);
    return width;
  };
};
