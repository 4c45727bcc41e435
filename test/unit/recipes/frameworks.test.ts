/** Runs the code of the guide for other frameworks, with the real frameworks. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BehaviorSubject, type Observable } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { guideCode } from '../../support/guide-code.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** Inside the repository, so that the code finds the frameworks. */
const FOLDER = `${ROOT}test-results/recipes`;

const codeUnder = (heading: string): string => guideCode('frameworks', heading);

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
interface Solid {
  createSignal<T>(value: T): readonly [() => T, (value: T) => void];
  createRoot<T>(work: (dispose: () => void) => T): T;
}
interface SolidRecipe {
  createStream<T>(open: () => Observable<T>): () => T | undefined;
  createConversationView(client: object, chat: string): object;
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

it('a Solid signal shows the stream of the open chat, and nothing after the end of the stream or of the component', async () => {
  // Solid's entry point for Node renders pages and runs no effects.
  const solid = await imported<Solid>('solid-js/dist/solid.js');
  const code = codeUnder('Solid').replace("'solid-js'", "'solid-js/dist/solid.js'");
  const { createConversationView, createStream } = await load<SolidRecipe>('solid.mjs', code);
  const counts = { 'direct:bob': new BehaviorSubject(1), 'direct:carol': new BehaviorSubject(2) };
  const open = new Set<string>();
  const client = { viewConversation: (chat: string) => (open.add(chat), { close: () => open.delete(chat) }) };
  const [chat, setChat] = solid.createSignal<keyof typeof counts>('direct:bob');
  const [unread, end] = solid.createRoot((dispose) => {
    createConversationView(client, 'direct:bob');
    return [createStream(() => counts[chat()]), dispose] as const;
  });
  expect([unread(), open.size]).toEqual([1, 1]);
  setChat('direct:carol');
  expect([unread(), counts['direct:bob'].observed]).toEqual([2, false]);
  counts['direct:carol'].complete();
  expect(unread()).toBeUndefined();
  setChat('direct:bob');
  end();
  expect([counts['direct:bob'].observed, open.size]).toEqual([false, 0]);
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

describe('MUI X Chat', () => {
  interface Adapter {
    listConversations(): Promise<{ readonly conversations: readonly object[] }>;
    listMessages(of: object): Promise<{ readonly messages: readonly object[]; readonly cursor?: string; readonly hasMore: boolean }>;
    sendMessage(of: object): Promise<ReadableStream<unknown>>;
    subscribe(to: { onEvent(event: object): void }): () => void;
  }
  const message = { id: 'a', conversationId: 'direct:bob', senderId: 'alice', body: 'ahoy', sentAt: 0, status: 'pending' };
  const conversation = { id: 'direct:bob', unreadCount: 2, markedUnread: false };

  it('a message that waits for the network is shown as sending also after MUI has called it sent', async () => {
    const { createChatAdapter } = await load<{ createChatAdapter(client: object): Adapter }>('mui.mjs', codeUnder('MUI X Chat'));
    const messages$ = new BehaviorSubject<readonly object[]>([]);
    const sent: unknown[] = [];
    const adapter = createChatAdapter({
      watchConversations: () => new BehaviorSubject([conversation]),
      watchMessages: () => messages$,
      sendMessage: async (...call: unknown[]) => {
        sent.push(call);
        messages$.next([message]);
      },
    });
    expect(await adapter.listConversations()).toMatchObject({ conversations: [{ id: 'direct:bob', title: 'bob', readState: 'unread' }] });
    const events: unknown[] = [];
    const end = adapter.subscribe({ onEvent: (event) => events.push(event) });
    expect(await adapter.listMessages({ conversationId: 'direct:bob' })).toMatchObject({ messages: [], hasMore: false });
    const parts = [{ type: 'text', text: 'ahoy' }];
    const answer = await adapter.sendMessage({ conversationId: 'direct:bob', message: { id: 'a', parts } });
    expect((await answer.getReader().read()).done).toBe(true);
    expect(sent).toEqual([['direct:bob', 'ahoy', { id: 'a' }]]);
    events.length = 0; // MUI now shows the message as sent
    await expect.poll(() => events).toMatchObject([{ type: 'message-updated', message: { id: 'a', parts, status: 'sending' } }]);
    end();
    expect(messages$.observed).toBe(false);
  });
});
