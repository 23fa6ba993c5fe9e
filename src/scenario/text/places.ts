/** Where the values and keys of a YAML document stand in its text. */
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { PathKey, Place } from './mistake.ts';
import type { SourceDocument } from './read-yaml.ts';

export class Places {
  private readonly document: SourceDocument;
  private readonly file: string;
  /** A file can hold many mistakes in one large map; each must not search it from the start. */
  private readonly pairs = new WeakMap<YAMLMap, Map<string, Pair>>();

  constructor(document: SourceDocument, file: string) {
    this.document = document;
    this.file = file;
  }

  /** The value at `path`, or nothing when the text has none there. */
  value(path: readonly PathKey[]): Place | undefined {
    const node = this.nodeAt(path);
    return node === undefined ? undefined : this.placeOf(node);
  }

  /** The key that introduces the value at `path`; the value itself in a list and at the top. */
  key(path: readonly PathKey[]): Place | undefined {
    const map = path.length === 0 ? undefined : this.resolved(this.nodeAt(path.slice(0, -1)));
    if (!isMap(map)) return this.value(path);
    const pair = this.pairsOf(map).get(String(path.at(-1)));
    return pair === undefined ? undefined : this.placeOf(pair.key as Node);
  }

  private nodeAt(path: readonly PathKey[]): Node | null | undefined {
    let node: Node | null | undefined = this.document.contents;
    for (const key of path) {
      const parent: unknown = this.resolved(node);
      if (isMap(parent)) {
        const pair = this.pairsOf(parent).get(String(key));
        if (pair === undefined) return undefined;
        // A flow map may hold a key with no value node at all; the key is then the nearest thing to point at.
        node = (pair.value ?? pair.key) as Node;
      } else if (isSeq(parent)) node = parent.items[Number(key)] as Node | undefined;
      else return undefined;
    }
    return node;
  }

  private resolved(node: Node | null | undefined): Node | null | undefined {
    return isAlias(node) ? node.resolve(this.document) : node;
  }

  private pairsOf(map: YAMLMap): Map<string, Pair> {
    let pairs = this.pairs.get(map);
    if (pairs === undefined) {
      // The last of repeated keys wins, as it does in the value.
      pairs = new Map(map.items.map((pair) => [isScalar(pair.key) ? String(pair.key.value) : '', pair]));
      this.pairs.set(map, pairs);
    }
    return pairs;
  }

  private placeOf(node: Node | null): Place {
    const { line, col } = this.document.lines.linePos(node?.range?.[0] ?? 0);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}
