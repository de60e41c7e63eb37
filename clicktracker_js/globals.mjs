// Names of the global variables that a script uses. As a program: `node globals.mjs FILE...` prints them as JSON.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** What no script of a page can replace: WebIDL's unforgeable attributes and constants of the language. */
const UNFORGEABLE = ['document', 'location', 'undefined', 'window'];

/**
 * Names that a script uses and does not declare. Scopes are not distinguished, so a name that is also declared somewhere in
 * the script is left out; in a minified one no declared name is that long.
 * @param {string} code
 * @returns {string[]} sorted
 */
export const globalsOf = (code) => {
  const used = new Set();
  const declared = new Set(UNFORGEABLE);
  /** @param {ts.Node} node */
  const visit = (node) => {
    const { parent } = node;
    if (ts.isIdentifier(node) && parent && isVariable(node, parent)) (isDeclared(node, parent) ? declared : used).add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('script.js', code, ts.ScriptTarget.Latest, true));
  return [...used].filter((name) => !declared.has(name)).sort();
};

/** @param {ts.Identifier} node @param {any} parent */
const isVariable = (node, parent) =>
  !(ts.isPropertyAccessExpression(parent) && parent.name == node) &&
  !((ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isGetAccessor(parent)) && parent.name == node) &&
  !(ts.isBindingElement(parent) && parent.propertyName == node) &&
  !ts.isImportSpecifier(parent) &&
  !ts.isExportSpecifier(parent);

/** @param {ts.Identifier} node @param {any} parent */
const isDeclared = (node, parent) =>
  (ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent) || ts.isFunctionLike(parent)) &&
  parent.name == node;

if (process.argv[1] == fileURLToPath(import.meta.url))
  console.log(JSON.stringify([...new Set(process.argv.slice(2).flatMap((path) => globalsOf(readFileSync(path, 'utf8'))))].sort()));
