/** Two laws that hold for any station in a settled window, whatever its distributions. */

/** `found` against `predicted`, as a share of the prediction; 0 when both are 0, else infinite where it is 0. */
export function relativeGap(found: number, predicted: number): number {
  return found === predicted ? 0 : (found - predicted) / Math.abs(predicted);
}

/**
 * Little's law L = λ W: relative gap of the mean number present to rate (per second) × mean time (ps). Exact
 * only when nobody is present at either end of the window; else off by about L / (λ × window).
 */
export function littleGap(meanPresent: number, rate: number, meanTime: number): number {
  return relativeGap(meanPresent, (rate * meanTime) / 1e12);
}

/** Utilisation law ρ = λ S / c: relative gap, with the mean service time (ps) and the number of servers. */
export function utilisationGap(utilisation: number, rate: number, serviceTime: number, servers = 1): number {
  return relativeGap(utilisation, (rate * serviceTime) / 1e12 / servers);
}
