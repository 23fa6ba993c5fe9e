/** A chart as data: a Vega-Lite specification with the figures inside, so that the file stands alone. */

/** A node of a specification; every generated chart is compiled in the tests. */
export type View = Record<string, unknown>;

export interface ChartSpec {
  /** File name without ending: `latency`, or `latency.rpc` where each workload has its own. */
  readonly name: string;
  readonly spec: View;
}
