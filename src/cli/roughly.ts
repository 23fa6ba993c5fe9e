/** How long something takes, as people say it: two digits, and a unit that fits. */
export const roughly = (seconds: number): string => {
  const [value, unit] =
    seconds < 90 ? [seconds, 's'] : seconds < 5400 ? [seconds / 60, 'min'] : [seconds / 3600, 'h'];
  return `${Number(Math.max(value, 0.1).toPrecision(2))} ${unit}`;
};
