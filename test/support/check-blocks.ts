/** How each language of the pages is checked. A block in a language without a check is a problem. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compile } from 'svelte/compiler';
import { parse } from 'yaml';
import { readConformance } from '../../src/cli/conformance.ts';
import { readCommandLine } from '../../src/cli/options.ts';
import { checkTypes } from './check-types-of-blocks.ts';
import type { CodeBlock } from './guide-blocks.ts';

type Check = (block: CodeBlock, root: string) => readonly string[];

const problem = (work: () => unknown): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message.split('\n')[0]! : String(error)];
  }
};

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: object;
  readonly peerDependencies: object;
}

/** Packages of other projects that a page tells the reader to install. */
const OTHER_PACKAGES = new Set(['tidemark', 'web-push']);

/** Splits a line into words, as a shell does for the lines of the pages. */
const wordsOf = (line: string): string[] => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);

const checkCommand = ([command, verb, ...rest]: readonly string[], root: string): string[] => {
  const { scripts, dependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const missing = (files: readonly string[]): string[] =>
    files.filter((file) => !existsSync(join(root, file))).map((file) => `no file ${file}`);
  if (command === 'npm' && verb === 'run') return rest[0]! in scripts ? [] : [`no script ${rest[0]!}`];
  if (command === 'npm' && (verb === 'test' || verb === 'start' || verb === 'ci')) return [];
  if (command === 'npm' && verb === 'install')
    return rest
      .filter((name) => !OTHER_PACKAGES.has(name) && !(name in dependencies) && !(name in peerDependencies))
      .map((name) => `the package needs no ${name}`);
  if (command === 'npx' && verb === 'tidemark')
    return problem(() => (rest[0] === 'conformance' ? readConformance(rest.slice(1), {}) : readCommandLine(rest, {})));
  if (command === 'npx' && verb === 'vitest') return missing(rest.filter((word) => word.includes('/')));
  if (command === 'node') return missing([verb!]);
  if (command === 'echo') return problem(() => JSON.parse(verb!));
  return [`no check for the command ${command ?? ''}`];
};

const checkShell: Check = ({ code }, root) =>
  code
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => line.split(/\s*&&\s*/))
    .flatMap((line) => checkCommand(wordsOf(line), root).map((what) => `${line}: ${what}`));

/** A block of a server's configuration: brackets fit, and each directive is one that the checker knows. */
const checkDirectives =
  (known: RegExp, end: RegExp): Check =>
  ({ code }) => {
    const lines = code
      .split('\n')
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      .filter((line) => line !== '');
    const depth = lines.reduce((open, line) => open + (line.endsWith('{') ? 1 : 0) - (line === '}' ? 1 : 0), 0);
    return [
      ...(depth === 0 ? [] : ['brackets do not fit']),
      ...lines
        .filter((line) => line !== '}' && !(known.test(line) && (line.endsWith('{') || end.test(line))))
        .map((line) => `not a directive: ${line}`),
    ];
  };

// `npm run test:deploy` runs these configurations with the real programs.
const NGINX =
  /^(?:location \/|upstream \w+ \{|least_conn|server [\d.]+:\d+ max_fails|proxy_(?:pass http:\/\/|http_version 1\.1|set_header [\w-]+ \S|(?:read|connect)_timeout \d+s|next_upstream \w))/;
const CADDY =
  /^(?:[\w.]+ \{|reverse_proxy \/\S+ [\d.]+:\d+|file_server|root \* \/|lb_(?:policy|try_duration) \S|(?:fail_duration|health_(?:uri|interval)) \S)/;
const HAPROXY =
  /^(?:(?:frontend|backend) \w+|defaults|mode http|timeout \w+ \d+s|bind :|default_backend \w|balance \w|option \w|server \w+ [\d.]+:\d+)/;
const POLICY = /^(?:default-src|connect-src|worker-src|require-trusted-types-for|trusted-types) [^;]+$/;

const checkHeaders: Check = ({ code }) =>
  code
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [, name, value = ''] = /^([\w-]+): (.+)$/.exec(line) ?? [];
      if (name !== 'Content-Security-Policy') return [`no check for the header ${line}`];
      return value
        .split('; ')
        .filter((directive) => !POLICY.test(directive))
        .map((directive) => `not a directive: ${directive}`);
    });

const EACH: Readonly<Record<string, Check>> = {
  // A picture made of characters.
  '': () => [],
  json: ({ code }) => problem(() => JSON.parse(code)),
  sh: checkShell,
  nginx: checkDirectives(NGINX, /;$/),
  caddyfile: checkDirectives(CADDY, /[^;]$/),
  haproxy: checkDirectives(HAPROXY, /[^;]$/),
  yaml: ({ code }) => problem(() => parse(code, { merge: true })),
  ini: ({ code }) =>
    code
      .split('\n')
      .filter((line) => !/^(?:|#.*|\[\w+\]|\w+=.*)$/.test(line))
      .map((line) => `not a line of a unit: ${line}`),
  http: checkHeaders,
  // Svelte's compiler also finds what is wrong in plain HTML.
  html: ({ code }) => problem(() => compile(code.replace(/<!doctype html>/i, ''), { generate: 'client' })),
  svelte: ({ code }) => problem(() => compile(code, { generate: 'client' })),
};

const TYPED = ['ts', 'tsx', 'js'];

/** @returns the problems of all blocks, each with page and line. @param root the folder of package.json. */
export const checkBlocks = (root: string, blocks: readonly CodeBlock[]): string[] => {
  const single = blocks
    .filter(({ language }) => !TYPED.includes(language))
    .flatMap((block) => {
      const check = EACH[block.language];
      const problems = check ? check(block, root) : [`no check for blocks in ${block.language}`];
      return problems.map((what) => `${block.where} ${what}`);
    });
  return [
    ...single,
    ...checkTypes(
      root,
      blocks.filter(({ language }) => TYPED.includes(language)),
    ),
  ];
};
