/** LOG.md against the code: the page lists every logged event with its level and its details, and lists no other. Each event is expected by a test. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../../../src', import.meta.url));
const TESTS = fileURLToPath(new URL('../..', import.meta.url));
const LEVELS = new Set(['debug', 'info', 'warn', 'error']);

/** The names of the details that an argument of `log` adds to a record. Throws if the code does not show these names. */
const namesIn = (node: ts.Expression, where: string): string[] => {
  if (ts.isCallExpression(node) && node.expression.getText() === 'errorDetails') return ['code', 'message'];
  if (ts.isCallExpression(node) && node.expression.getText() === 'appErrorDetails') return ['code'];
  if (!ts.isObjectLiteralExpression(node)) throw new Error(`${where}: details must be an object literal or errorDetails(…)`);
  return node.properties.flatMap((property) => {
    if (ts.isSpreadAssignment(property)) return namesIn(property.expression, where);
    return [property.name.getText()];
  });
};

const callsIn = (path: string): { readonly event: string; readonly level: string; readonly details: string[] }[] => {
  const found: ReturnType<typeof callsIn> = [];
  const source = ts.createSourceFile(path, readFileSync(join(SRC, path), 'utf8'), ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit);
    if (!ts.isCallExpression(node) || !/(^|[.?])log$/.test(node.expression.getText())) return;
    const [level, event, details] = node.arguments;
    if (!level || !ts.isStringLiteral(level) || !LEVELS.has(level.text)) return;
    if (!event || !ts.isStringLiteral(event)) throw new Error(`${path}: the event must be a literal in ${node.getText()}`);
    found.push({ event: event.text, level: level.text, details: details ? namesIn(details, `${path}: ${event.text}`) : [] });
  };
  visit(source);
  return found;
};

const sideOf = (path: string): string => (path.startsWith('server/') ? 'Server' : 'Client and service worker');

it('LOG.md lists every logged event, with its level and details, and no other', () => {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  const logged = new Map<string, Set<string>>();
  for (const path of files) {
    for (const { event, level, details } of callsIn(path)) {
      const key = `${sideOf(path)}: ${event} (${level})`;
      logged.set(key, new Set([...(logged.get(key) ?? []), ...details]));
    }
  }
  const listed = new Map<string, Set<string>>();
  for (const part of readFileSync(join(SRC, 'LOG.md'), 'utf8').split('\n## ').slice(1)) {
    const side = part.split('\n', 1)[0]!;
    for (const [, event, level, details] of part.matchAll(/^\| `([^`]+)` \| (\w+) \| ([^|]*)\| .+\.[^|]*\|$/gm))
      listed.set(`${side}: ${event} (${level})`, new Set([...details!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)));
  }
  const sorted = (events: typeof logged): string[] => [...events].map(([key, names]) => `${key} ${[...names].sort().join()}`).sort();
  expect(sorted(listed)).toEqual(sorted(logged));
  expect(logged.size).toBeGreaterThan(30);
  for (const key of logged.keys()) expect(key).toMatch(/: [a-z]+(-[a-z]+)+ \(/);
});

it('every event of LOG.md is expected by a test', () => {
  const page = readFileSync(join(SRC, 'LOG.md'), 'utf8');
  const events = new Set([...page.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, event]) => event!));
  const tests = readdirSync(TESTS, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.endsWith('-breaks.ts'),
  );
  const text = tests.map((path) => readFileSync(join(TESTS, path), 'utf8')).join('\n');
  expect([...events].filter((event) => !new RegExp(`(?<![\\w-])${event}(?![\\w-])`).test(text))).toEqual([]);
});
