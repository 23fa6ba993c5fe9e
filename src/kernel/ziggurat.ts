/** Layers of equal area that cover a falling density, so that nearly every variate costs one multiplication (Marsaglia and Tsang 2000). */
import { exp, log } from './elementary.ts';

const LAYERS = 256;

/** Layer i spans the heights `height[i]` to `height[i + 1]`; layer 0 stands for the lowest strip and the tail together. */
export interface Ziggurat {
  /** Where the layers end and the tail begins. */
  readonly tail: number;
  /** Width of layer i, divided by the number of abscissas that a draw can name. */
  readonly scale: Float64Array;
  /** Left of this abscissa, a point of layer i is under the curve whatever its height. */
  readonly core: Float64Array;
  readonly height: Float64Array;
}

interface Shape {
  readonly tail: number;
  /** Area of each layer; that of the tail is part of layer 0. */
  readonly area: number;
  readonly density: (x: number) => number;
  readonly inverse: (density: number) => number;
  readonly abscissas: number;
}

const ziggurat = ({ tail, area, density, inverse, abscissas }: Shape): Ziggurat => {
  const scale = new Float64Array(LAYERS);
  const core = new Float64Array(LAYERS);
  const height = new Float64Array(LAYERS + 1);
  scale[0] = area / density(tail) / abscissas;
  for (let i = 1, width = tail; i < LAYERS; i++) {
    scale[i] = width / abscissas;
    core[i - 1] = width;
    height[i] = density(width);
    width = inverse(height[i]! + area / width);
  }
  height[LAYERS] = 1;
  return { tail, scale, core, height };
};

// Tail and area are the solution of "256 layers of this area reach the density 1 at 0", found with 40 digits; a test holds them to it.

/** Density e^-x, for draws of 24 bits. */
export const EXPONENTIAL = ziggurat({
  tail: 7.69711747013105,
  area: 0.003949659822581557,
  density: (x) => exp(-x),
  inverse: (y) => -log(y),
  abscissas: 2 ** 24,
});

/** Density e^(-x^2/2), right half, for signed draws of 24 bits. */
export const NORMAL = ziggurat({
  tail: 3.6541528853610088,
  area: 0.004928673233974655,
  density: (x) => exp(-0.5 * x * x),
  inverse: (y) => Math.sqrt(-2 * log(y)),
  abscissas: 2 ** 23,
});
