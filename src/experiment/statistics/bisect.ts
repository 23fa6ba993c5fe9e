/** The inverse of a rising function, to the last bit that a double has. */

/** The x in low … high where `f`, rising, crosses `target`; an end of the range if it never does. */
export function bisect(f: (x: number) => number, target: number, low: number, high: number): number {
  let [below, above] = [low, high];
  for (;;) {
    const middle = (below + above) / 2;
    if (middle <= below || middle >= above) return middle;
    if (f(middle) < target) below = middle;
    else above = middle;
  }
}
