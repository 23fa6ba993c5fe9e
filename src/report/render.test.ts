/** Pictures: every chart compiles without a complaint, fits a page, has real text, and comes out the same twice. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { charts } from './chart/charts.ts';
import { specFile } from './drawing/spec.ts';
import { PAGE } from './drawing/theme.ts';
import {
  invented,
  PATHS,
  plainRun,
  rateSweep,
  twoAxes,
  wideRateSweep,
  wordSweep,
} from './invented.test-support.ts';
import { toPng, toSvg } from './render.ts';

const LONG = 'a-workload-with-quite-a-long-name';
const awkward = () =>
  invented({
    datapaths: [
      ...Object.keys(PATHS),
      'vhost-user',
      'vdpa',
      'xdp',
      'virtio-net-multiqueue-with-a-long-name',
      'e1000e',
    ],
    workloads: [LONG, 'bulk', 'third', 'fourth', 'fifth'],
    points: [1, 2, 3, 4].map((k) => ({
      swept: { [`workloads.${LONG}.arrivals.burst.length`]: `${k}` },
      rate: 250_000 * k,
    })),
  });

describe.each([
  ['no sweep', plainRun],
  ['a swept rate', rateSweep],
  ['a rate over two decades', wideRateSweep],
  ['two swept parameters', twoAxes],
  ['swept words', wordSweep],
  ['many and long names', awkward],
])('charts of a run with %s', (_, results) => {
  const asked = { title: 'Two tenants', question: 'Does one disturb the other? '.repeat(8) };
  test.each(charts(results(), asked).map(({ name, spec }) => [name, spec] as const))(
    '%s',
    async (_name, spec) => {
      const warnings: string[] = [];
      const svg = await toSvg(spec, warnings);
      expect(warnings).toEqual([]);
      expect(svg).not.toMatch(/NaN|undefined|Infinity|>null</);
      expect(Number(/width="([\d.]+)"/.exec(svg)?.[1])).toBeLessThanOrEqual(PAGE);
    },
  );
});

describe('a specification as a file', () => {
  const { spec } = charts(plainRun())[0];
  const written = JSON.parse(specFile(spec));

  test('names the schema of the vega-lite that draws it', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const [major] = dependencies['vega-lite'].split('.');
    expect(Object.keys(written)[0]).toBe('$schema');
    expect(written.$schema).toBe(`https://vega.github.io/schema/vega-lite/v${major}.json`);
  });

  test('gives the picture that was drawn without it', async () => {
    const warnings: string[] = [];
    expect(await toSvg(written, warnings)).toBe(await toSvg(spec));
    expect(warnings).toEqual([]);
  });
});

describe('a picture', () => {
  const { spec } = charts(plainRun(), { title: 'µs × ≤ ±' })[0];
  let svg = '';
  beforeAll(async () => {
    svg = await toSvg(spec);
  });

  test('is the same twice, also when drawn at the same time as another', async () => {
    const other = charts(rateSweep())[1].spec;
    const [again, , third] = await Promise.all([toSvg(spec), toSvg(other), toSvg(spec)]);
    expect(again).toBe(svg);
    expect(third).toBe(svg);
    expect(Buffer.compare(await toPng(svg), await toPng(svg))).toBe(0);
  });

  test('has text, which resvg leaves out silently when the font is missing', async () => {
    const mute = svg.replaceAll(/<text.*?<\/text>/gs, '');
    expect(mute).not.toBe(svg);
    const [spoken, silent] = await Promise.all([toPng(svg), toPng(mute)]);
    expect(spoken.length).toBeGreaterThan(silent.length * 1.2);
    const unknown = svg.replaceAll('DejaVu Sans', 'No Such Font');
    expect(Buffer.compare(await toPng(unknown), spoken)).toBe(0); // falls back to our own font, not to the machine's
  });

  test('of a broken specification does not spoil the next one', async () => {
    await expect(toSvg({ mark: 'bar', encoding: 7, facet: 9 })).rejects.toThrow();
    expect(await toSvg(spec)).toBe(svg);
  });
});
