/** Every call of the client says in its docstring what it does, and the README, a guide or a page shows it to an app's developer. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The client is one interface in three files. */
const sources = ['receipt-client', 'changes', 'questions'].map((name) => {
  const path = `${ROOT}src/client/${name}.ts`;
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
});

interface Member {
  readonly name: string;
  readonly text: string;
}

/** The members of the client, and of the views that it opens, with their docstrings. */
const members = sources
  .flatMap(({ statements }) => statements.filter(ts.isInterfaceDeclaration))
  .filter(({ name }) => ['ReceiptClient', 'ConversationViewing', 'Changes', 'Questions'].includes(name.text))
  .flatMap((type) =>
    type.members.map((member): Member => {
      const docs = ts.getJSDocCommentsAndTags(member).filter(ts.isJSDoc);
      return { name: member.name?.getText() ?? '', text: docs.map((doc) => doc.getText()).join('\n') };
    }),
  );
const inFolder = (folder: string): string[] =>
  readdirSync(ROOT + folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);
/** For app developers: the pages for readers of the code are left out. */
const pages = ['README.md', ...inFolder('demo/guides')].map((page) => readFileSync(ROOT + page, 'utf8')).join('\n');

describe('the calls of the client', () => {
  it('the test finds the calls', () => {
    expect(members.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['sendMessage', 'setArchived', 'watchEvents', 'seen', 'firstUnread']),
    );
  });

  it.each(members)('$name has a docstring', ({ text }) => {
    expect(text.replace(/[/*\s]/g, '').length).toBeGreaterThan(20);
  });

  it.each(members)('$name appears in the README, a guide or a page', ({ name }) => {
    expect(pages).toMatch(new RegExp(`\\b${name}\\b`));
  });
});
