/** Every code block of every page is checked by its language: types, commands with their options, JSON, configurations. */
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { PAGES } from '../../../demo/site/pages.ts';
import { checkBlocks } from '../../support/check-blocks.ts';
import { blocksOf, headingsThatRun, type CodeBlock } from '../../support/guide-blocks.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

it('every code block of every page is right', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'src/README.md', ...PAGES.map(({ file }) => file)];
  const blocks = pages.flatMap((page) => blocksOf(ROOT, page));
  expect(blocks.length).toBeGreaterThan(80);
  const run = headingsThatRun(ROOT);
  const isRun = ({ page, heading }: CodeBlock): boolean => page === 'demo/guides/frameworks.md' && run.has(heading);
  expect(
    checkBlocks(
      ROOT,
      blocks.filter((block) => !isRun(block)),
    ),
  ).toEqual([]);
}, 180_000);

it('a wrong block is found: an unknown language, option, command, field or call', () => {
  const block = (language: string, code: string): CodeBlock => ({ where: 'page.md:1', page: 'page.md', heading: '', language, code });
  const problems = checkBlocks(ROOT, [
    block('ruby', 'puts 1'),
    block('sh', 'npx tidemark serve --dev --alow-origin x\nnpm run nothing\nnpm install left-pad\ncurl x'),
    block('json', '{ "a": }'),
    block('nginx', 'location /receipts {\n  proxy_pas http://127.0.0.1;\n'),
    block('haproxy', 'backend receipts\n  balanse leastconn\n'),
    block('yaml', 'services:\n  a: [1\n'),
    block('ini', '[Service]\nRestart on-failure\n'),
    block('svelte', '{#each x}'),
    block('ts', "await client.sendReadReceipt('direct:bob', ids);"),
    block('ts', "await client.sendMessage('bob', body);"),
    block('js', "import { nothing } from 'tidemark';"),
  ]);
  const named = [
    'ruby',
    '--allow-origin',
    'nothing',
    'left-pad',
    'curl',
    'JSON',
    'brackets',
    'proxy_pas',
    'balanse',
    'Flow sequence',
    'Restart on-failure',
    'left open',
    'sendReadReceipt',
    '\'"bob"\'',
    'nothing',
  ];
  for (const name of named) expect(problems.join('\n')).toContain(name);
}, 180_000);
