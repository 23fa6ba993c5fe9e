/** Damaged scenarios: what slips of the pen, of the mind and of the clipboard make of a good one. */
import { parse, stringify } from 'yaml';
import type { RandomStream } from '../kernel/random.ts';

type Branch = Record<string, unknown> | unknown[];
/** A value in the tree: what holds it, and under which key. */
type Spot = { readonly parent: Branch; readonly key: string | number };

const isBranch = (value: unknown): value is Branch => typeof value === 'object' && value !== null;

const keysOf = (branch: Branch): (string | number)[] =>
  Array.isArray(branch) ? [...branch.keys()] : Object.keys(branch);

const get = ({ parent, key }: Spot): unknown => (parent as Record<string | number, unknown>)[key];

const put = ({ parent, key }: Spot, value: unknown): void => {
  (parent as Record<string | number, unknown>)[key] = value;
};

const remove = ({ parent, key }: Spot): void => {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[String(key)];
};

const spots = (root: Branch): Spot[] => {
  const found: Spot[] = [];
  const waiting: Branch[] = [root];
  for (let parent = waiting.pop(); parent !== undefined; parent = waiting.pop()) {
    for (const key of keysOf(parent)) {
      found.push({ parent, key });
      const value = get({ parent, key });
      if (isBranch(value)) waiting.push(value);
    }
  }
  return found;
};

/** Figures that are right somewhere, and some that are right nowhere. */
const VALUES: readonly unknown[] = [
  ...[0, 1, -1, 2, 5, 255, 256, 300, 1e9, 2 ** 32, 2 ** 53, 1e300, 0.5, -0.5, 1e-300, Number.NaN, Infinity],
  ...['0 us', '1 ps', '1 us', '2.8 ms', '1 s', '100 s', '4000 s', '9007 s', '-5 us', '1e-3 us', '5 m'],
  ...['0 B', '1 B', '60 B', '1514 B', '1515 B', '64 KiB', '1 TiB', '64 kB'],
  ...['0 /s', '1e-9 /s', '0.5 /s', '1 k/s', '10 M/s', '1 G/s', '1e30 /s', '1e300 /s'],
  ...['0 bit/s', '1e-6 bit/s', '1 bit/s', '1 Mbit/s', '400 Gbit/s', '1e300 bit/s'],
  ...['0 Hz', '1e-6 Hz', '1 Hz', '1 MHz', '5 GHz', '1e300 Hz', '0 %', '0.01 %', '50 %', '100 %', '101 %'],
  ...[
    true,
    false,
    null,
    '',
    'auto',
    'off',
    'native',
    'sriov',
    'poisson',
    'x'.repeat(300),
    [],
    {},
    [[]],
    [0, 1],
  ],
];
const UNITS =
  'ps,ns,us,ms,s,/s,k/s,M/s,G/s,bit/s,kbit/s,Mbit/s,Gbit/s,B,KiB,MiB,Hz,MHz,GHz,%,k,M,cycles,'.split(',');
/** Keys that a shipped scenario may not happen to use, with something that might stand there. */
const ADDITIONS: readonly (readonly [key: string, value: unknown])[] = [
  ['host', { cores: 4, scheduler: { tick: '1 ms' } }],
  ['host', { nic: { txRing: 64, rxRing: 64 }, iommu: 'strict', exitOutShare: '0 %' }],
  ['host', { nic: { rate: '1 Mbit/s', propagation: '1 s', moderation: { kind: 'hold-off', gap: '1 s' } } }],
  ['host', { features: { apicv: false, pvEoi: false, postedInterrupts: false, fastMmio: false } }],
  ['host', { kvm: { halt_poll_ns: 1e12, halt_poll_ns_grow: 0, halt_poll_ns_shrink: 0 } }],
  ['host', { idleStates: [{ name: 'C9', after: '0 us', exitLatency: '10 s' }] }],
  ['background', { hog: { threads: 64, cores: [0, 1, 2, 3] } }],
  ['costs', { 'app.work': { cycles: 1e12 }, 'copy.perByte': { ns: 1e12 } }],
  ['costs', { syscall: { ns: 5, cv: 10 }, 'exit.light': { ns: 1e9, sigma: 5 } }],
  ['costs', { syscall: { ns: 5, stall: { probability: '100 %', time: '9000 s' } } }],
  ['parameters', { 'virtio-net': { 'x-txburst': 1, txqueuelen: 1, tunables: { event_idx: false } } }],
  ['parameters', { 'vhost-net': { txqueuelen: 1, tunables: { indirect_desc: false, napi_tx: false } } }],
  ['parameters', { e1000: { guestDriver: 'textbook', registerWrites: 64, tunables: { mitigation: false } } }],
  ['think', '100 s'],
  ['service', '9000 s'],
  ['connections', 256],
  ['sendBuffer', '1 B'],
  ['size', [{ size: '60 B', weight: 0 }]],
  ['sweep', { 'run.seed': [1, 2] }],
  ['cases', { one: {}, two: { 'run.seed': 3 } }],
];

const pick = <T>(stream: RandomStream, list: readonly T[]): T => list[stream.integer(list.length)];

const misspelt = (stream: RandomStream, text: string): string => {
  const at = stream.integer(text.length + 1);
  const letter = String.fromCharCode(97 + stream.integer(26));
  return pick(stream, [
    text.slice(0, at) + letter + text.slice(at),
    text.slice(0, at) + text.slice(at + 1),
    text.toUpperCase(),
    `${text}s`,
  ]);
};

const withOtherUnit = (stream: RandomStream, value: unknown): unknown => {
  const match = typeof value === 'string' ? /^([\d.]+) ?(\S*)$/.exec(value) : null;
  if (match === null) return pick(stream, VALUES);
  const factor = pick(stream, [1, 1, 1, 0, 10, 1e-3, 1e3, 1e6, 1e12]);
  return `${Number(match[1]) * factor} ${stream.bernoulli(0.5) ? match[2] : pick(stream, UNITS)}`;
};

/** One change to the tree of a scenario. */
const CHANGES: readonly ((stream: RandomStream, root: Branch, all: readonly Spot[]) => void)[] = [
  (stream, _, all) => {
    const { parent, key } = pick(stream, all);
    if (Array.isArray(parent)) return;
    const value = parent[key];
    delete parent[key];
    parent[misspelt(stream, String(key))] = value;
  },
  (stream, _, all) => {
    const [a, b] = [pick(stream, all), pick(stream, all)];
    const [first, second] = [structuredClone(get(a)), structuredClone(get(b))];
    put(a, second);
    put(b, first);
  },
  (stream, _, all) => remove(pick(stream, all)),
  (stream, _, all) => {
    const [from, to] = [pick(stream, all), pick(stream, all)];
    const copy = structuredClone(get(from));
    if (Array.isArray(to.parent)) to.parent.push(copy);
    else to.parent[pick(stream, [String(from.key), 'copy', misspelt(stream, String(from.key))])] = copy;
  },
  (stream, _, all) => {
    const spot = pick(stream, all);
    put(spot, withOtherUnit(stream, get(spot)));
  },
  (stream, _, all) => put(pick(stream, all), structuredClone(pick(stream, VALUES))),
  (stream, root, all) => {
    const [key, value] = pick(stream, ADDITIONS);
    const branches = all
      .map((spot) => get(spot))
      .filter((branch) => isBranch(branch) && !Array.isArray(branch));
    const target = stream.bernoulli(0.6) ? root : pick(stream, branches as Branch[]);
    (target as Record<string, unknown>)[key] = structuredClone(value);
  },
];

const SIGNS = [
  ...' :-?[]{},#&*!|>\'"%@`\n\t0159.eE',
  ': ',
  '- ',
  '\n  ',
  '<<: ',
  '*a',
  '&a ',
  '---\n',
  'null',
  '\u0000',
];

/** A few letters of the text put in, taken out or put elsewhere; or a line repeated, taken out or moved. */
const scribbled = (stream: RandomStream, text: string): string => {
  const at = stream.integer(text.length + 1);
  const lines = text.split('\n');
  const line = stream.integer(lines.length);
  const other = stream.integer(lines.length);
  switch (stream.integer(5)) {
    case 0:
      return text.slice(0, at) + pick(stream, SIGNS) + text.slice(at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + stream.integer(12));
    case 2:
      return lines.toSpliced(line, 1).join('\n');
    case 3:
      return lines.toSpliced(other, 0, lines[line]).join('\n');
    default:
      return lines.toSpliced(line, 1).toSpliced(other, 0, lines[line]).join('\n');
  }
};

/** `text` with one to three mutations. */
export const mutant = (stream: RandomStream, text: string): string => {
  const times = 1 + stream.integer(3);
  if (stream.bernoulli(0.35)) {
    let scribble = text;
    for (let i = 0; i < times; i++) scribble = scribbled(stream, scribble);
    return scribble;
  }
  const root = parse(text) as Branch;
  for (let i = 0; i < times; i++) pick(stream, CHANGES)(stream, root, spots(root));
  return stringify(root, { aliasDuplicateObjects: false });
};
