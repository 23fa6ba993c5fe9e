/** The files of the repository as the tidy test reads them, and what their syntax says. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What no clone holds, for a copy without git. */
const NOT_OURS = new Set(['node_modules', 'dist', 'results', '.git', 'coverage']);

const walked = (folder: string): string[] =>
  readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name);
    if (NOT_OURS.has(entry.name)) return [];
    return entry.isDirectory() ? walked(name) : [name];
  });

/** Tracked files and those that are about to be. */
export const allFiles = (): string[] => {
  try {
    const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
    const text = execFileSync('git', list, {
      cwd: ROOT,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.split('\0').filter((name) => name !== '' && existsSync(path.join(ROOT, name)));
  } catch {
    return walked('');
  }
};

export const textOf = (name: string): string => readFileSync(path.join(ROOT, name), 'utf8');

export const linesOf = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

/** Something in a source file that a rule is about. */
export interface Finding {
  readonly what: string;
  readonly line: number;
}

const parsed = (name: string): ts.SourceFile =>
  ts.createSourceFile(name, textOf(name), ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);

const each = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => each(child, visit));
};

const lineAt = (file: ts.SourceFile, position: number): number =>
  file.getLineAndCharacterOfPosition(position).line + 1;

/** A call of `describe` holds tests, not one thought. */
const isDescribe = ({ parent }: ts.Node): boolean =>
  ts.isCallExpression(parent) && /^describe\b/.test(parent.expression.getText());

/** Functions of more than `most` lines, by name or what they are handed to. */
export const longFunctions = (name: string, most: number): Finding[] => {
  const file = parsed(name);
  const found: Finding[] = [];
  each(file, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isDescribe(node)) return;
    const line = lineAt(file, node.getStart());
    const lines = lineAt(file, node.end) - line + 1;
    if (lines > most) found.push({ what: `a function of ${lines} lines`, line });
  });
  return found;
};

/** Uses of a global by name, as `Math.random` or `console.log`, of `new Date`, and casts to any. */
export const suspects = (name: string): Finding[] => {
  const file = parsed(name);
  const found: Finding[] = [];
  each(file, (node) => {
    const line = lineAt(file, node.getStart());
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      found.push({ what: `${node.expression.text}.${node.name.text}`, line });
    }
    if (ts.isNewExpression(node)) found.push({ what: `new ${node.expression.getText()}`, line });
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) {
      found.push({ what: `${node.expression.text}()`, line });
    }
    const cast = ts.isAsExpression(node) || ts.isTypeAssertionExpression(node);
    if (cast && node.type.kind === ts.SyntaxKind.AnyKeyword) found.push({ what: 'as any', line });
  });
  return found;
};

/** Our own files that `name` takes values from; types leave no trace in what runs. */
export const valueImports = (name: string): string[] =>
  parsed(name).statements.flatMap((statement) => {
    if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement)) return [];
    const { moduleSpecifier } = statement;
    if (moduleSpecifier === undefined || !ts.isStringLiteral(moduleSpecifier)) return [];
    if (!moduleSpecifier.text.startsWith('.') || onlyTypes(statement)) return [];
    return [path.posix.join(path.posix.dirname(name), moduleSpecifier.text)];
  });

const onlyTypes = (statement: ts.ImportDeclaration | ts.ExportDeclaration): boolean => {
  if (ts.isExportDeclaration(statement)) return statement.isTypeOnly;
  const clause = statement.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { namedBindings, name } = clause;
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false;
  return namedBindings.elements.length > 0 && namedBindings.elements.every(({ isTypeOnly }) => isTypeOnly);
};

/** Whether anything of the file is left when types are taken away. */
export const hasValues = (name: string): boolean =>
  parsed(name).statements.some(
    (statement) =>
      !ts.isInterfaceDeclaration(statement) &&
      !ts.isTypeAliasDeclaration(statement) &&
      !(ts.isImportDeclaration(statement) || (ts.isExportDeclaration(statement) && statement.isTypeOnly)) &&
      !(
        ts.canHaveModifiers(statement) &&
        ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword) === true
      ),
  );
