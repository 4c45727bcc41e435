/** Runs the code of the guide for other frameworks, with the real frameworks. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BehaviorSubject, type Observable } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const GUIDE = readFileSync(`${ROOT}demo/guides/frameworks.md`, 'utf8');
/** Inside the repository, so that the code finds the frameworks. */
const FOLDER = `${ROOT}test-results/recipes`;

/** The code under a heading of the guide. */
const codeUnder = (heading: string): string => {
  const section = GUIDE.split(/^## /m).find((one) => one.startsWith(`${heading}\n`)) ?? '';
  return /```\w+\n([^]*?)```/.exec(section)![1]!;
};

const load = async <T>(name: string, code: string): Promise<T> => {
  writeFileSync(`${FOLDER}/${name}`, code);
  return (await import(pathToFileURL(`${FOLDER}/${name}`).href)) as T;
};

/** The parts of the frameworks that this test uses. */
interface Ref<T> {
  value: T;
}
interface Vue {
  ref<T>(value: T): Ref<T>;
  nextTick(): Promise<void>;
  effectScope(): { run<T>(work: () => T): T; stop(): void };
}
interface VueRecipe {
  useStream<T>(open: () => Observable<T>): Ref<T | undefined>;
  useConversationView(client: object, chat: string): object;
}
interface SvelteCompiler {
  compile(code: string, options: object): { readonly js: { readonly code: string }; readonly warnings: readonly unknown[] };
}
interface SvelteServer {
  render(component: unknown, options: { readonly props: object }): { readonly body: string };
}

const imported = async <T>(name: string): Promise<T> => (await import(name)) as T;

beforeAll(() => void mkdirSync(FOLDER, { recursive: true }));

describe('Vue', () => {
  it('a ref shows the stream of the open chat, and nothing after the end of the stream or of the component', async () => {
    const vue = await imported<Vue>('vue');
    const { useStream } = await load<VueRecipe>('vue.mjs', codeUnder('Vue'));
    const counts = { 'direct:bob': new BehaviorSubject(1), 'direct:carol': new BehaviorSubject(2) };
    const chat = vue.ref<keyof typeof counts>('direct:bob');
    const scope = vue.effectScope();
    const unread = scope.run(() => useStream(() => counts[chat.value]));
    expect(unread.value).toBe(1);
    counts['direct:bob'].next(3);
    expect(unread.value).toBe(3);
    chat.value = 'direct:carol';
    await vue.nextTick();
    expect([unread.value, counts['direct:bob'].observed]).toEqual([2, false]);
    counts['direct:carol'].complete();
    expect(unread.value).toBeUndefined();
    chat.value = 'direct:bob';
    await vue.nextTick();
    scope.stop();
    expect(counts['direct:bob'].observed).toBe(false);
  });

  it('a view closes with its component', async () => {
    const vue = await imported<Vue>('vue');
    const { useConversationView } = await load<VueRecipe>('vue.mjs', codeUnder('Vue'));
    const open = new Set<string>();
    const client = { viewConversation: (chat: string) => (open.add(chat), { close: () => open.delete(chat) }) };
    const scope = vue.effectScope();
    scope.run(() => useConversationView(client, 'direct:bob'));
    expect(open.size).toBe(1);
    scope.stop();
    expect(open.size).toBe(0);
  });
});

it('Svelte shows an Observable as a store', async () => {
  const { compile } = await imported<SvelteCompiler>('svelte/compiler');
  const { render } = await imported<SvelteServer>('svelte/server');
  const code = codeUnder('Svelte');
  expect(compile(code, { generate: 'client' }).warnings).toEqual([]);
  const { js } = compile(code, { generate: 'server' });
  const component = await load<{ default: unknown }>('svelte.mjs', js.code);
  const messages$ = new BehaviorSubject([{ id: 'a', body: 'ahoy' }]);
  const client = { watchMessages: () => messages$ };
  expect(render(component.default, { props: { client, chat: 'direct:bob' } }).body).toContain('<p>ahoy</p>');
  expect(messages$.observed).toBe(false);
});
