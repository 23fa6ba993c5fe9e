/** What YAML allows but a scenario does not: repeated or unusual keys, deep nesting, aliases in circles or beyond counting. */
import { type Document, isAlias, isCollection, isMap, isPair, isScalar, type Node, type YAMLMap } from 'yaml';
import { quoted } from './mistake.ts';

export type NodeMistake = { readonly offset: number; readonly message: string };
/** Unreadable: making a plain value of it would fail, or never end. */
export type NodeCheck = { readonly mistakes: readonly NodeMistake[]; readonly readable: boolean };

type Report = (offset: number, message: string) => void;
type Visit = { readonly node: unknown; readonly depth: number; readonly inside: readonly string[] };

const DEEPEST = 100;
const MOST_ALIASES = 1000;

const offsetOf = (node: unknown): number => (node as Node | null)?.range?.[0] ?? 0;

const checkKeys = (map: YAMLMap, report: Report): void => {
  const seen = new Set<string>();
  for (const { key } of map.items) {
    const offset = key === null ? offsetOf(map) : offsetOf(key);
    if (!isScalar(key) || key.value === null) {
      report(offset, 'a key must be plain text');
      continue;
    }
    // As it will be named in the value, where 1 and "1" are the same key.
    const name = String(key.value);
    if (name === '__proto__') report(offset, 'a key may not be called "__proto__"');
    if (name === '<<') report(offset, 'merging maps (<<) is not supported; write the keys out');
    if (seen.has(name)) report(offset, `duplicate key ${quoted(name)}`);
    seen.add(name);
  }
};

/** The flaw of one node that makes the document unreadable. */
const fatal = (
  { node, depth, inside }: Visit,
  anchors: ReadonlySet<string>,
  aliases: number,
): string | undefined => {
  if (depth > DEEPEST) return 'nested too deeply';
  if (!isAlias(node)) return undefined;
  if (aliases > MOST_ALIASES) return `more than ${MOST_ALIASES} aliases (*name)`;
  if (inside.includes(node.source)) return `the alias ${quoted(node.source)} stands inside what it repeats`;
  return anchors.has(node.source)
    ? undefined
    : `the alias ${quoted(node.source)} has no anchor (&name) before it`;
};

/** Walks in the order of the text, with a list and not by recursion, so that depth is noticed before it overflows anything. */
export const checkNodes = (document: Document.Parsed): NodeCheck => {
  const mistakes: NodeMistake[] = [];
  const report: Report = (offset, message) => mistakes.push({ offset, message });
  const waiting: Visit[] = [{ node: document.contents, depth: 0, inside: [] }];
  const anchors = new Set<string>();
  let aliases = 0;
  for (let visit = waiting.pop(); visit !== undefined; visit = waiting.pop()) {
    const { node, depth } = visit;
    if (isAlias(node)) aliases += 1;
    const flaw = fatal(visit, anchors, aliases);
    if (flaw !== undefined) {
      report(offsetOf(node), flaw);
      return { mistakes, readable: false };
    }
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) anchors.add(anchor);
    const inside = anchor === undefined ? visit.inside : [...visit.inside, anchor];
    if (isMap(node)) checkKeys(node, report);
    const children = isCollection(node) ? node.items : isPair(node) ? [node.key, node.value] : [];
    const below = isCollection(node) ? depth + 1 : depth;
    for (const child of children.toReversed()) waiting.push({ node: child, depth: below, inside });
  }
  return { mistakes, readable: true };
};
