/**
 * The public surface of the package as text: each entry point of package.json with its exported names, and
 * the members of the types. Unexported interfaces and type aliases in the types of exported names follow at
 * the end of the entry point.
 */
import ts from 'typescript';
import { behindAlias, publicSurface } from './public-surface.ts';

/** The type of a longer constant is left out: a schema of the wire, covered by the test of the wire's shape. */
const MAX_TYPE_LENGTH = 300;

/** The classes of these entry points hold the engine and the server: types used only there are not public. */
const WITHOUT_MENTIONED = new Set(['./testing']);

const isOpenType = (node: ts.Declaration): boolean =>
  (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) && node.getSourceFile().fileName.includes('/src/');

class Describing {
  private readonly printer = ts.createPrinter({ removeComments: true });
  /** Interfaces and type aliases mentioned by the described names, in the order of their first mention. */
  readonly mentioned = new Set<ts.Symbol>();

  constructor(private readonly checker: ts.TypeChecker) {}

  /** The lines of an exported name. */
  describe(name: string, exported: ts.Symbol): string[] {
    const symbol = behindAlias(this.checker, exported);
    const declarations = symbol.declarations ?? [];
    const [first] = declarations;
    if (!first) throw new Error(`${name} has no declaration`);
    if (ts.isInterfaceDeclaration(first))
      return declarations.filter(ts.isInterfaceDeclaration).flatMap((node) => this.members('interface', name, node));
    if (ts.isClassDeclaration(first)) return this.members('class', name, first);
    if (ts.isTypeAliasDeclaration(first)) {
      this.mention(first.type);
      return [`type ${name}${this.parameters(first)} = ${this.text(first.type)}`];
    }
    const kind = ts.isFunctionDeclaration(first) ? 'function' : 'const';
    if (ts.isVariableDeclaration(first)) {
      const shape = first.type ?? (first.initializer && ts.isArrowFunction(first.initializer) ? first.initializer : undefined);
      if (shape && ts.isArrowFunction(shape)) for (const part of [...shape.parameters, shape.type]) this.mention(part);
      else this.mention(shape);
    }
    const type = this.typeOf(symbol, first);
    return [`${kind} ${name}: ${type.length > MAX_TYPE_LENGTH ? '(long)' : type}`];
  }

  /** The type without the path of the file that declares it: the path is that of this machine. */
  private typeOf(symbol: ts.Symbol, at: ts.Node): string {
    const type = this.checker.typeToString(this.checker.getTypeOfSymbol(symbol), at, ts.TypeFormatFlags.NoTruncation);
    return type.replaceAll(/import\("[^"]*"\)\./g, '');
  }

  private members(kind: string, name: string, node: ts.InterfaceDeclaration | ts.ClassDeclaration): string[] {
    const heritage = (node.heritageClauses ?? []).map((clause) => ` ${this.text(clause)}`).join('');
    for (const clause of node.heritageClauses ?? []) this.mention(clause);
    const lines = node.members.flatMap((member) => {
      const line = this.member(member);
      return line === undefined ? [] : [`  ${line}`];
    });
    return [`${kind} ${name}${this.parameters(node)}${heritage}`, ...lines.sort()];
  }

  private member(member: ts.ClassElement | ts.TypeElement): string | undefined {
    const flags = ts.getCombinedModifierFlags(member);
    if (flags & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected) || (member.name && ts.isPrivateIdentifier(member.name)))
      return undefined;
    if (ts.isConstructorDeclaration(member)) {
      const open = member.parameters.filter((parameter) => {
        const own = ts.getCombinedModifierFlags(parameter);
        return (
          own & (ts.ModifierFlags.Readonly | ts.ModifierFlags.Public) && !(own & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected))
        );
      });
      for (const parameter of open) this.mention(parameter);
      return open.length === 0 ? undefined : open.map((parameter) => this.text(parameter)).join('\n  ');
    }
    if (ts.isPropertySignature(member) || ts.isMethodSignature(member)) {
      this.mention(member);
      return this.text(member).replace(/;$/, '');
    }
    const symbol = this.checker.getSymbolAtLocation(member.name ?? member);
    if (!symbol) return this.text(member);
    const type = this.typeOf(symbol, member);
    if (ts.isMethodDeclaration(member)) for (const part of [...member.parameters, member.type]) this.mention(part);
    else if (ts.isPropertyDeclaration(member) || ts.isAccessor(member)) this.mention(member.type);
    const isReadonly = flags & ts.ModifierFlags.Readonly || (ts.isGetAccessor(member) && !symbol.declarations?.some(ts.isSetAccessor));
    if (ts.isSetAccessor(member)) return undefined;
    return `${flags & ts.ModifierFlags.Static ? 'static ' : ''}${isReadonly ? 'readonly ' : ''}${symbol.name}: ${type}`;
  }

  private parameters(node: ts.InterfaceDeclaration | ts.ClassDeclaration | ts.TypeAliasDeclaration): string {
    return node.typeParameters ? `<${node.typeParameters.map((one) => this.text(one)).join(', ')}>` : '';
  }

  private text(node: ts.Node): string {
    return this.printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile()).replace(/\s+/g, ' ').trim();
  }

  /** Notes the types of this package named by a node. */
  private mention(node: ts.Node | undefined): void {
    if (!node) return;
    const visit = (inner: ts.Node): void => {
      const name = ts.isTypeReferenceNode(inner) ? inner.typeName : ts.isExpressionWithTypeArguments(inner) ? inner.expression : undefined;
      const found = name && this.checker.getSymbolAtLocation(name);
      const symbol = found && behindAlias(this.checker, found);
      const declared = symbol?.declarations?.[0];
      if (symbol && declared && isOpenType(declared)) this.mentioned.add(symbol);
      ts.forEachChild(inner, visit);
    };
    visit(node);
  }
}

/** @param root the folder of package.json. */
export const publicNames = (root: string): string => {
  const { checker, exportsOf } = publicSurface(root);
  const shown = new Set([...exportsOf.values()].flat().map((symbol) => behindAlias(checker, symbol)));
  const sections = [...exportsOf].map(([entry, exported]) => {
    const describing = new Describing(checker);
    const lines = exported.flatMap((symbol) => describing.describe(symbol.name, symbol));
    const mentioned = WITHOUT_MENTIONED.has(entry) ? [] : [...describing.mentioned].filter((symbol) => !shown.has(symbol));
    for (const symbol of mentioned) shown.add(symbol);
    const more = mentioned.flatMap((symbol) => describing.describe(symbol.name, symbol));
    return [`== ${entry}`, ...lines, ...(more.length > 0 ? ['-- mentioned, not exported', ...more] : [])].join('\n');
  });
  return `${sections.join('\n\n')}\n`;
};
