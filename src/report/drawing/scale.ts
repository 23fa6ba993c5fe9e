/** Axis scales and tick values: 1-2-5 on a log axis, since Vega-Lite's own choice prints 1, 2, 3, 10, 20, 30. */
import type { View } from './spec.ts';

export type Span = readonly [low: number, high: number];

/** Seven significant digits: what a chart can show, without the noise of unit conversion. */
export const rounded = (value: number): number => Number(value.toPrecision(7));

export const spanOf = (values: readonly number[]): Span | null => {
  const finite = values.filter(Number.isFinite);
  // Not Math.min(...finite): a large sweep would overflow the argument list.
  return finite.length === 0
    ? null
    : [finite.reduce((a, b) => Math.min(a, b)), finite.reduce((a, b) => Math.max(a, b))];
};

/** Values spread over much more than a decade are compared by ratio. */
export const wantsLog = (values: readonly number[]): boolean => {
  const span = spanOf(values);
  return span !== null && span[0] > 0 && span[1] / span[0] > 50;
};

/** Ticks within `span`: 1-2-5 over few decades, closer within one, powers of ten over many. */
export const logTicks = ([low, high]: Span): number[] => {
  const decades = Math.log10(high / low);
  const steps = decades < 1 ? [1, 1.5, 2, 3, 4, 5, 6, 8] : decades <= 3 ? [1, 2, 5] : [1];
  const every = Math.max(1, Math.ceil(decades / 8));
  const ticks: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.ceil(Math.log10(high)); e += every) {
    ticks.push(...steps.map((step) => rounded(step * 10 ** e)));
  }
  return ticks.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
};

/** An axis with its scale, and what the scale spans. */
export interface Scaled {
  readonly scale: View;
  readonly axis: View;
  readonly span: Span;
}

/** A log scale and its axis around `values`, widened to hold at least a factor of three. */
export const logAxis = (values: readonly number[], title: string): Scaled => {
  const [low, high] = spanOf(values.filter((value) => value > 0)) ?? [1, 10];
  const extra = Math.max(1.08, Math.sqrt(3 / (high / low)));
  const span: Span = [rounded(low / extra), rounded(high * extra)];
  return {
    scale: { type: 'log', domain: span, nice: false },
    axis: { title, values: logTicks(span), labelExpr: LABEL },
    span,
  };
};

/** A linear scale from zero and its axis. */
export const linearAxis = (values: readonly number[], title: string): Scaled => {
  const high = spanOf(values)?.[1] ?? 1;
  const span: Span = [0, rounded(high > 0 ? high * 1.06 : 1)];
  return {
    scale: { type: 'linear', domain: span, nice: false },
    axis: { title, tickCount: 5, labelExpr: LABEL },
    span,
  };
};

/** Plain numbers without digit grouping or needless zeros: 0.5, 20, 1000. */
const LABEL = "format(datum.value, '.6~g')";
