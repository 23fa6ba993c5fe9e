/** A chart as data: a Vega-Lite specification with the figures inside, so that the file stands alone. */

/** A node of a specification; every generated chart is compiled in the tests. */
export type View = Record<string, unknown>;

/** Tells editors what kind of file it is; the number is the major version of the vega-lite that draws it. */
const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

/** A specification as a file that stands alone. */
export const specFile = (spec: View): string => `${JSON.stringify({ $schema: SCHEMA, ...spec }, null, 1)}\n`;

export interface ChartSpec {
  /** File name without ending: `latency`, or `latency.rpc` where each workload has its own. */
  readonly name: string;
  readonly spec: View;
}
