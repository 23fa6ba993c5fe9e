/** A chart's specification made into a picture: SVG by Vega with real text widths, PNG from that by resvg. */
import type { TopLevelSpec } from 'vega-lite';
import type { View } from './drawing/spec.ts';
import { boldFont, openRuler, regularFont } from './fonts.ts';

interface Vega {
  readonly vega: typeof import('vega');
  readonly compile: typeof import('vega-lite')['compile'];
}

let loading: Promise<Vega> | undefined;

// Vega takes 0.2 s to load: only who draws pays for it.
const load = async (): Promise<Vega> => {
  const [vega, { compile }, { textMetrics }, ruler] = await Promise.all([
    import('vega'),
    import('vega-lite'),
    import('vega-scenegraph'),
    openRuler(),
  ]);
  const isBold = (weight: string | number | undefined): boolean => weight === 'bold' || Number(weight) >= 600;
  // Without this, Vega guesses 0.8 em a character, and legends and margins come out far too wide.
  textMetrics.width = (item, text) =>
    ruler(String(text ?? ''), isBold(item.fontWeight)) * (item.fontSize ?? 11);
  return { vega, compile };
};

/** Collects what Vega-Lite would print: a warning in a generated chart is our mistake. */
const listening = (warnings: string[]) => {
  const logger = {
    level: () => logger,
    error: (...text: readonly unknown[]) => note(text),
    warn: (...text: readonly unknown[]) => note(text),
    info: () => logger,
    debug: () => logger,
  };
  const note = (text: readonly unknown[]) => {
    warnings.push(text.join(' '));
    return logger;
  };
  return logger;
};

let drawing: Promise<unknown> = Promise.resolve();

/** @param warnings receives what Vega-Lite and Vega complain about. */
export const toSvg = (spec: View, warnings: string[] = []): Promise<string> => {
  // One at a time: Vega numbers its clip paths in one process-wide count.
  const picture = drawing.then(() => draw(spec, warnings));
  drawing = picture.catch(() => undefined);
  return picture;
};

const draw = async (spec: View, warnings: string[]): Promise<string> => {
  loading ??= load();
  const { vega, compile } = await loading;
  const logger = listening(warnings) as never;
  const runtime = vega.parse(compile(spec as unknown as TopLevelSpec, { logger }).spec);
  const view = new vega.View(runtime, { renderer: 'none', logger });
  try {
    vega.resetSVGDefIds(); // or the second render of a process differs from the first
    return await view.toSVG();
  } finally {
    view.finalize();
  }
};

/** @param zoom device pixels per chart pixel; 2 stays sharp in print. */
export const toPng = async (svg: string, zoom = 2): Promise<Uint8Array> => {
  const { Resvg } = await import('@resvg/resvg-js');
  const font = {
    loadSystemFonts: false,
    fontFiles: [regularFont(), boldFont()],
    defaultFontFamily: 'DejaVu Sans',
  };
  return new Resvg(svg, { fitTo: { mode: 'zoom', value: zoom }, font }).render().asPng();
};
