/** Paths into `costs:` — `costs.exit.kick.cycles` — whose middle is a name with dots that the file need not mention yet. */

const PRICE_PATH = /^costs\.(?<name>[^"[\]]+)\.(?:cycles|ns|cv|sigma|stall|kind|source)$/;

const isMap = (x: unknown): x is Record<string, unknown> =>
  typeof x === 'object' && x !== null && !Array.isArray(x);

/** `root` with an empty entry for the cost that `path` names, so that setting a part of it finds it. */
export const withPriceOf = (root: unknown, path: string): unknown => {
  const name = PRICE_PATH.exec(path)?.groups?.['name'];
  if (name === undefined || !isMap(root)) return root;
  const costs = root['costs'] ?? {};
  if (!isMap(costs) || Object.hasOwn(costs, name)) return root;
  return { ...root, costs: { ...costs, [name]: {} } };
};
