// Measures how plain the comments of a tree are, and prints the figures: a thermometer for section "Plain words" of CONTRIBUTING.md.
// `node test/support/plain-words.mjs [--show] [folder …]`: with --show also the comments that count against it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** An actor without a name. */
const INDEFINITE = /\b(whoever|whatever|whichever|somebody|nobody|anybody|everybody|whose)\b/i;
/** First words of a comment that is no sentence: relatives, prepositions, negations, participles without a subject. */
const FRAGMENT =
  /^(what|whose|who|whom|whoever|whatever|where|whether|which|when|while|of|in|on|at|by|for|from|with|without|to|as|beside|behind|before|after|above|below|until|since|than|nor|not|no|nothing|nobody|never|neither|none|only|one|those|that|this|these|such|asked|told|held|known|kept|given|made|taken|left|called|meant|said|sent|there|so|and|or|but|also|again|else|more|because)\b/i;
const PRONOUN = /\b(what|who|whose|it|they|one|those|that)\b/gi;
/** Runs of line comments, and blocks, as plain text. */
export const commentsOf = (text) => {
  const found = [];
  const scanner = ts.createScanner(ts.ScriptTarget.Latest, false, ts.LanguageVariant.Standard, text);
  let run = null;
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
      // A slash may begin a regular expression and a brace may go on with a template: what they hold is no comment.
      if (kind === ts.SyntaxKind.SlashToken || kind === ts.SyntaxKind.SlashEqualsToken) scanner.reScanSlashToken();
    }
  }
  return found.map(({ text: one }) => one.replace(/\s+/g, ' ').trim()).filter((one) => one.split(' ').length >= 4);
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

const filesIn = (folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const args = process.argv.slice(2);
  const folders = args.filter((arg) => !arg.startsWith('--'));
  for (const folder of folders.length > 0 ? folders : ['src']) {
    const figures = measure(filesIn(folder).flatMap((file) => commentsOf(readFileSync(file, 'utf8'))));
    console.log(
      `plain words in ${folder}: ${figures.comments} comments; ${figures.fragments} % open as a fragment (at most 15), ` +
        `${figures.indefinite} % name no actor (at most 3), ${figures.pronouns} pronouns per 100 words (at most 3)`,
    );
    if (args.includes('--show')) for (const one of figures.shown) console.log(`  ${one}`);
  }
}
