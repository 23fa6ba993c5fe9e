/** Reads YAML as plain data: bounded, without tags or merges, and every flaw an answer with a place instead of an exception. */
import { type Document, LineCounter, type ParsedNode, parseDocument, type YAMLError } from 'yaml';
import { checkNodes } from './check-nodes.ts';
import { type Mistake, sortMistakes } from './mistake.ts';

/** The parsed text with what turns its offsets into lines. */
export type SourceDocument = Document.Parsed<ParsedNode> & { readonly lines: LineCounter };

export type YamlText = {
  readonly document: SourceDocument;
  /** Undefined only when the text cannot be read at all; then there is at least one mistake. */
  readonly value: unknown;
  readonly mistakes: readonly Mistake[];
};

const LARGEST_FILE = 1 << 20;
const MOST_ALIAS_COPIES = 100;
const LONGEST_MESSAGE = 200;

/** Where the library's own words assume that one knows the YAML specification. */
const PLAINLY: readonly (readonly [RegExp, string])[] = [
  [/^Implicit keys need/, 'expected "key: value" (is the colon missing, or the next line indented too far?)'],
  [/^Implicit map keys need/, 'expected "key: value"'],
  [/^Nested mappings/, 'a second ": " here; put text in quotes, or indent the next line like this one'],
  [/^Flow (map|sequence) .*end with a (.)/, 'expected a closing $2'],
  [/^Unexpected block-seq-ind on same line/, 'a list entry (- ) must start on its own line'],
  [/^All mapping items/, 'this key is not in line with its neighbours'],
  [/^Source contains multiple documents/, 'a second document (---) begins; one file holds one'],
  [/^Tabs are not allowed/, 'a tab indents this line; use spaces'],
  [/^Unresolved tag/, 'tags (!name) are not allowed; values are plain data'],
  [/^Unknown directive/, 'directives (%NAME) are not allowed'],
  [/call stack/, 'nested too deeply'],
];

const wordsOf = (message: string): string => {
  const line = message.replace(/\s+/g, ' ').trim().slice(0, LONGEST_MESSAGE);
  const [pattern, plain] = PLAINLY.find(([known]) => known.test(line)) ?? [/.*/, line];
  return plain.replace('$2', pattern.exec(line)?.[2] ?? '');
};

const parsed = (text: string): SourceDocument => {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Not 'silent', which would also keep quiet about a second document.
    logLevel: 'error',
    // Fixed, or a %YAML 1.1 directive would turn "on" into true and bring back merges and dates.
    schema: 'core',
    merge: false,
    resolveKnownTags: false,
    // Its own check compares each key with each; `checkNodes` does it in one pass.
    uniqueKeys: false,
  });
  return Object.assign(document, { lines });
};

/** After a slip in the grammar the rest of its line is guesswork: only the first flaw of such a line counts. */
const withoutEchoes = (errors: readonly Mistake[], others: readonly Mistake[]): Mistake[] => {
  const first = new Map<number, Mistake>();
  for (const error of errors) if (!first.has(error.line)) first.set(error.line, error);
  return sortMistakes([...first.values(), ...others.filter(({ line }) => !first.has(line))]);
};

/** Never throws: the answer holds a value, a mistake, or both where the flaw leaves the rest readable. */
export const parseYaml = (file: string, text: string): YamlText => {
  const unreadable = (message: string): YamlText => ({
    document: parsed(''),
    value: undefined,
    mistakes: [{ file, line: 1, column: 1, path: [], message }],
  });
  if (text.length > LARGEST_FILE) return unreadable('larger than 1 MiB');
  try {
    const document = parsed(text);
    const at = (offset: number, message: string): Mistake => {
      const { line, col } = document.lines.linePos(offset);
      return { file, line: Math.max(line, 1), column: Math.max(col, 1), path: [], message };
    };
    const flawOf = ({ pos, message }: YAMLError) => at(pos[0], wordsOf(message));
    const nodes = checkNodes(document);
    const mistakes = withoutEchoes(document.errors.map(flawOf), [
      ...document.warnings.map(flawOf),
      ...nodes.mistakes.map(({ offset, message }) => at(offset, message)),
    ]);
    const readable = document.errors.length === 0 && nodes.readable;
    return {
      document,
      value: readable ? document.toJS({ maxAliasCount: MOST_ALIAS_COPIES }) : undefined,
      mistakes,
    };
  } catch (error) {
    // The parser descends by recursion, and refuses aliases that would multiply.
    if (error instanceof RangeError) return unreadable('nested too deeply');
    return unreadable(
      error instanceof ReferenceError ? 'aliases (*name) repeat too much' : `not YAML: ${error}`,
    );
  }
};
