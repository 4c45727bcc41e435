// Measures how plain the comments of the sources, and the comments and titles of the tests are: a thermometer for section "Plain words"
// of CONTRIBUTING.md. `npm run lint` prints the figures, and fails if the sources or the tests as a whole exceed an aim.
//   node test/support/plain-words.mjs                        the table of all rooms, and of the folders of tests
//   node test/support/plain-words.mjs [--show] path …        one line for each path; --show also lists the comments that count
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The aims: percent of comments that open as a fragment, percent that name no actor, pronouns per 100 words. */
export const AIMS = { fragments: 15, indefinite: 3, pronouns: 3 };

/** An actor without a name. */
const INDEFINITE = /\b(whoever|whatever|whichever|somebody|nobody|anybody|everybody|whose)\b/i;
/** First words of an incomplete sentence: relatives, prepositions, negations, participles without a subject. */
const FRAGMENT =
  /^(what|whose|who|whom|whoever|whatever|where|whether|which|when|while|of|in|on|at|by|for|from|with|without|to|as|beside|behind|before|after|above|below|until|since|than|nor|not|no|nothing|nobody|never|neither|none|only|one|those|that|this|these|such|asked|told|held|known|kept|given|made|taken|left|called|meant|said|sent|there|so|and|or|but|also|again|else|more|because)\b/i;
const PRONOUN = /\b(what|who|whose|it|they|one|those|that)\b/gi;

const oneLine = (text) => text.replace(/\s+/g, ' ').trim();
/** Shorter texts are labels, not sentences. */
const isSentence = (text) => text.split(' ').length >= 4;

const ENDS_VALUE = new Set([
  ts.SyntaxKind.Identifier,
  ts.SyntaxKind.NumericLiteral,
  ts.SyntaxKind.CloseParenToken,
  ts.SyntaxKind.CloseBracketToken,
]);

/** Runs of line comments, and blocks, as plain text. */
export const commentsOf = (text) => {
  const found = [];
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  /** Open braces and open templates, so that the rest of a template is not scanned as code. */
  const open = [];
  let run = null;
  let before = ts.SyntaxKind.Unknown;
  for (let kind = scanner.scan(); kind !== ts.SyntaxKind.EndOfFileToken; kind = scanner.scan()) {
    if (kind === ts.SyntaxKind.SingleLineCommentTrivia) {
      const line = scanner.getTokenText().replace(/^\/\/\s?/, '');
      if (run === null) found.push((run = { text: line }));
      else run.text += ` ${line}`;
    } else if (kind === ts.SyntaxKind.MultiLineCommentTrivia) {
      run = null;
      found.push({
        text: scanner
          .getTokenText()
          .replace(/^\/\*+|\*+\/$/g, '')
          .replace(/^\s*\* ?/gm, ' '),
      });
    } else if (kind !== ts.SyntaxKind.WhitespaceTrivia && kind !== ts.SyntaxKind.NewLineTrivia) {
      run = null;
      const isSlash = kind === ts.SyntaxKind.SlashToken || kind === ts.SyntaxKind.SlashEqualsToken;
      if (isSlash && !ENDS_VALUE.has(before)) kind = scanner.reScanSlashToken();
      else if (kind === ts.SyntaxKind.OpenBraceToken || kind === ts.SyntaxKind.TemplateHead) open.push(kind);
      else if (kind === ts.SyntaxKind.CloseBraceToken) {
        if (open.at(-1) === ts.SyntaxKind.TemplateHead) kind = scanner.reScanTemplateToken(false);
        if (kind !== ts.SyntaxKind.TemplateMiddle) open.pop();
      }
      before = kind;
    }
  }
  return found.map((one) => oneLine(one.text)).filter(isSentence);
};

const TITLED = /^(it|test|describe)\b/;

const textOf = (node) => {
  if (ts.isStringLiteralLike(node)) return node.text;
  return ts.isTemplateExpression(node) ? node.head.text + node.templateSpans.map(({ literal }) => `%s${literal.text}`).join('') : '';
};

/** Titles of tests and of groups of tests. */
export const titlesOf = (text) => {
  const titles = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && TITLED.test(node.expression.getText())) {
      const [title] = node.arguments;
      if (title) titles.push(oneLine(textOf(title)));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('test.ts', text, ts.ScriptTarget.Latest, true));
  return titles.filter(isSentence);
};

export const measure = (comments) => {
  const words = comments.reduce((sum, one) => sum + one.split(' ').length, 0);
  const pronouns = comments.reduce((sum, one) => sum + (one.match(PRONOUN)?.length ?? 0), 0);
  const indefinite = comments.filter((one) => INDEFINITE.test(one));
  const fragments = comments.filter((one) => FRAGMENT.test(one));
  const share = (part) => Math.round((1000 * part) / Math.max(1, comments.length)) / 10;
  return {
    comments: comments.length,
    fragments: share(fragments.length),
    indefinite: share(indefinite.length),
    pronouns: Math.round((1000 * pronouns) / Math.max(1, words)) / 10,
    shown: [...new Set([...fragments, ...indefinite])],
  };
};

/** @returns the aims exceeded by the figures. */
export const exceeded = (figures) => Object.keys(AIMS).filter((name) => figures[name] > AIMS[name]);

const filesIn = (path) =>
  statSync(join(ROOT, path)).isFile()
    ? [join(ROOT, path)]
    : readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|mjs)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));

const textsOf = (file) => {
  const text = readFileSync(file, 'utf8');
  return file.endsWith('.test.ts') ? [...commentsOf(text), ...titlesOf(text)] : commentsOf(text);
};

const figuresOf = (...paths) => measure(paths.flatMap(filesIn).flatMap(textsOf));

const printTable = () => {
  const entries = readdirSync(join(ROOT, 'src'), { withFileTypes: true });
  const rooms = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const top = entries.filter((entry) => entry.name.endsWith('.ts')).map(({ name }) => `src/${name}`);
  const [sources, tests] = [figuresOf('src'), figuresOf('test')];
  const testFolders = readdirSync(join(ROOT, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const rows = [
    ['src', sources],
    ...rooms.map((room) => [`  ${room}`, figuresOf(`src/${room}`)]),
    ['  files of src itself', figuresOf(...top)],
    ['test, with its titles', tests],
    ...testFolders.map((folder) => [`  ${folder}`, figuresOf(`test/${folder}`)]),
  ];
  const line = (...cells) => cells.map((cell, i) => (i === 0 ? String(cell).padEnd(23) : String(cell).padStart(11))).join('');
  console.log(
    `plain words; aims: fragments ≤ ${AIMS.fragments} %, no actor ≤ ${AIMS.indefinite} %, pronouns ≤ ${AIMS.pronouns} per 100 words`,
  );
  console.log(line('', 'comments', 'fragments', 'no actor', 'pronouns'));
  for (const [name, figures] of rows) {
    const { comments, fragments, indefinite, pronouns } = figures;
    console.log(line(name, comments, fragments, indefinite, pronouns) + (exceeded(figures).length > 0 ? '  over' : ''));
  }
  for (const [name, figures] of [
    ['src', sources],
    ['test', tests],
  ]) {
    const over = exceeded(figures);
    if (over.length === 0) continue;
    console.error(`${name} exceeds the aim for ${over.join(', ')}; --show ${name} lists fragments and comments without an actor`);
    process.exitCode = 1;
  }
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const paths = args.filter((arg) => !arg.startsWith('--'));
  if (paths.length === 0) printTable();
  for (const path of paths) {
    const figures = figuresOf(path);
    console.log(
      `plain words in ${path}: ${figures.comments} comments; ${figures.fragments} % open as a fragment (at most ${AIMS.fragments}), ` +
        `${figures.indefinite} % name no actor (at most ${AIMS.indefinite}), ${figures.pronouns} pronouns per 100 words (at most ${AIMS.pronouns})`,
    );
    if (args.includes('--show')) for (const one of figures.shown) console.log(`  ${one}`);
  }
}
