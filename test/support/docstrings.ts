/**
 * The docstrings of the public surface: of each exported name, each member of its type (options, events, results), and each error
 * code. The fields of the wire are not counted: PROTOCOL.md describes them, and a test compares it with the schemas.
 */
import ts from 'typescript';
import { behindAlias, publicSurface } from './public-surface.ts';

export interface DocstringCount {
  readonly total: number;
  /** Names without a docstring, with entry point, file and line. */
  readonly missing: readonly string[];
}

const isOwn = (node: ts.Node): boolean => node.getSourceFile().fileName.includes('/src/');

const isHidden = (member: ts.Node): boolean => {
  const flags = ts.getCombinedModifierFlags(member as ts.Declaration);
  const { name } = member as ts.NamedDeclaration;
  return (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 || (name !== undefined && ts.isPrivateIdentifier(name));
};

/** The text of the comment directly in front of a node, or of the statement around a constant; of an alternative, before its bar. */
const docstringOf = (node: ts.Node): string => rawDocstringOf(node).replace(/[/*\s]/g, '');

const rawDocstringOf = (node: ts.Node): string => {
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  // Between the docstring and its node: the bar of a union, and a comment for the linter.
  const before = holder
    .getSourceFile()
    .text.slice(0, holder.getStart())
    .replace(/(?:[|\s]|(?<=\n)[ ]*\/\/[^\n]*\n)+$/, '');
  if (!before.endsWith('*/')) return '';
  const comment = before.slice(before.lastIndexOf('/*'));
  return comment.startsWith('/**') ? comment : '';
};

/** The body of a method with overloads: callers see the overloads alone. */
const isBehindOverloads = (member: ts.ClassElement, owner: ts.ClassDeclaration): boolean =>
  ts.isMethodDeclaration(member) &&
  member.body !== undefined &&
  owner.members.some((one) => ts.isMethodDeclaration(one) && !one.body && one.name.getText() === member.name.getText());

/** A shape that the app gets from a vendor, or that a vendor's app expects: the vendor documents its members. */
const isOfVendor = (member: ts.Node): boolean => {
  // The calls of a facade's class have docstrings of their own.
  if (ts.isClassDeclaration(member.parent) || ts.isSourceFile(member.parent)) return false;
  for (let around = member.parent; !ts.isSourceFile(around); around = around.parent)
    if (/the[\s*]+vendor[\s*]+documents/i.test(rawDocstringOf(around))) return true;
  return false;
};

/** Members that a reader of the docs sees, at any depth of the written type. */
const membersIn = (node: ts.Node): ts.Node[] => {
  if (ts.isInterfaceDeclaration(node) || ts.isTypeLiteralNode(node))
    return node.members.filter((one) => !ts.isIndexSignatureDeclaration(one)).flatMap((one) => [one, ...membersOfType(one)]);
  if (ts.isClassDeclaration(node))
    return node.members
      .filter((one) => !isHidden(one) && !ts.isClassStaticBlockDeclaration(one) && !isBehindOverloads(one, node))
      .flatMap((one) =>
        ts.isConstructorDeclaration(one) ? one.parameters.filter((each) => isPublicField(each)) : [one, ...membersOfType(one)],
      );
  if (ts.isTypeAliasDeclaration(node)) return partsOf(node.type);
  return [];
};

const isPublicField = (parameter: ts.ParameterDeclaration): boolean =>
  (ts.getCombinedModifierFlags(parameter) & (ts.ModifierFlags.Readonly | ts.ModifierFlags.Public)) !== 0 && !isHidden(parameter);

const membersOfType = (member: ts.Node): ts.Node[] => {
  const parts = [
    (member as ts.PropertySignature).type,
    ...((member as Partial<ts.MethodSignature>).parameters ?? []).map(({ type }) => type),
  ];
  return parts.flatMap((type) => (type ? partsOf(type) : []));
};

/** Members of the type literals inside a type. */
const partsOf = (type: ts.TypeNode): ts.Node[] => {
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeLiteralNode(node)) found.push(...membersIn(node));
    else ts.forEachChild(node, visit);
  };
  visit(type);
  return found;
};

/** A member that carries out a member of an interface has the docstring of that member. */
const inherited = (checker: ts.TypeChecker, member: ts.Node): boolean => {
  const owner = member.parent;
  const name = (member as ts.NamedDeclaration).name?.getText();
  if (name === undefined || !(ts.isClassDeclaration(owner) || ts.isInterfaceDeclaration(owner))) return false;
  return (owner.heritageClauses ?? [])
    .flatMap(({ types }) => [...types])
    .map((type) => checker.getTypeAtLocation(type).getProperty(name))
    .flatMap((property) => property?.declarations ?? [])
    .some((declaration) => !isOwn(declaration) || docstringOf(declaration) !== '');
};

/** A field of a written-out object has a docstring too if the docstring around it explains the field by its name in backticks. */
const isExplainedAround = (member: ts.Node): boolean => {
  const name = (member as ts.NamedDeclaration).name?.getText() ?? '';
  if (!ts.isTypeLiteralNode(member.parent) && !ts.isParameter(member)) return false;
  for (let around: ts.Node = member.parent; !ts.isSourceFile(around); around = around.parent)
    if (new RegExp(`(?:[\`.]|@param )${name}\\b`).test(rawDocstringOf(around))) return true;
  return false;
};

/** The tag of an alternative of a union of objects: the docstring of the alternative explains it. */
const isTag = (member: ts.Node): boolean =>
  ts.isPropertySignature(member) &&
  ts.isTypeLiteralNode(member.parent) &&
  ts.isUnionTypeNode(member.parent.parent) &&
  member.type !== undefined &&
  ts.isLiteralTypeNode(member.type);

/** Alternatives that need a docstring of their own: error codes, and objects of a union, such as events. */
const alternativesOf = (node: ts.Node): ts.Node[] =>
  ts.isTypeAliasDeclaration(node) && ts.isUnionTypeNode(node.type)
    ? node.type.types.filter(
        (one) =>
          (ts.isTypeLiteralNode(one) && node.type.getText().includes("type: '")) ||
          (/Code$/.test(node.name.text) && ts.isLiteralTypeNode(one)),
      )
    : [];

/** @param root the folder of package.json. */
export const countDocstrings = (root: string): DocstringCount => {
  const { checker, exportsOf } = publicSurface(root);
  const seen = new Set<ts.Node>();
  const missing: string[] = [];
  const look = (entry: string, path: string, node: ts.Node): void => {
    if (seen.has(node) || !isOwn(node) || isHidden(node)) return;
    seen.add(node);
    if (docstringOf(node) !== '' || inherited(checker, node) || isExplainedAround(node) || isOfVendor(node)) return;
    const { fileName, text } = node.getSourceFile();
    const line = text.slice(0, node.getStart()).split('\n').length;
    missing.push(`${entry}: ${path} (${fileName.slice(fileName.indexOf('/src/') + 1)}:${line})`);
  };
  for (const [entry, exported] of exportsOf) {
    for (const symbol of exported) {
      const [declaration] = behindAlias(checker, symbol).declarations ?? [];
      if (!declaration) continue;
      look(entry, symbol.name, declaration);
      for (const member of membersIn(declaration).filter((one) => !isTag(one)))
        look(entry, `${symbol.name}.${(member as ts.NamedDeclaration).name?.getText() ?? '()'}`, member);
      for (const one of alternativesOf(declaration)) look(entry, `${symbol.name} ${one.getText().slice(0, 60).replace(/\s+/g, ' ')}`, one);
    }
  }
  return { total: seen.size, missing };
};
