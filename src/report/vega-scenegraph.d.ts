/** The hook that vega-scenegraph leaves open for measuring text; the package brings no types. */
declare module 'vega-scenegraph' {
  export interface TextItem {
    readonly fontSize?: number;
    readonly fontWeight?: string | number;
  }
  export const textMetrics: { width: (item: TextItem, text: unknown) => number };
}
