/** The pages about moving from a vendor, followed word for word: their server, their page, in a real browser. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from 'playwright';
import { createMemoryStore, createReceiptServer, type ReceiptServer } from 'tidemark/server';
import { build, preview, type PreviewServer } from 'vite';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { builtPackage } from '../support/built-package.ts';
import { launchOptions } from '../support/chromium.ts';
import { stretched } from '../support/machine.ts';

/** The app's own names, which the pages use. */
const BEFORE = `
import easemob from 'tidemark/compat/easemob';
const [appKey, token] = ['org#app', 'token-of-alice'];
const [accessToken, userSig] = [token, token];
`;
/** Bob, who moved before, reads every message. */
const AFTER = `
const bob = new easemob.connection({ appKey }, { url: 'URL' });
await new Promise((onConnected) => {
  const onTextMessage = ({ id, chatType, from, to }) =>
    void bob.send(easemob.message.create({ type: 'read', chatType, id, to: chatType === 'groupChat' ? to : from }));
  bob.addEventHandler('bob', { onConnected, onTextMessage });
  void bob.open({ user: 'bob', accessToken: 'token-of-bob' });
});
const sent = await send();
console.log('sent', sent);
`;

interface Move {
  readonly page: string;
  /** Alice's message, in the vendor's names. */
  readonly send: string;
  /** What the page's code logs for the receipt of the message with this id. */
  readonly logged: (id: string) => unknown;
}

const MOVES: readonly Move[] = [
  {
    page: 'EASEMOB',
    send: `const made = websdk.message.create({ type: 'txt', chatType: 'groupChat', to: 'crew', msg: 'x', msgConfig: { allowGroupAck: true } });
      return (await conn.send(made)).serverMsgId;`,
    logged: () => 1,
  },
  {
    page: 'EASEMOB-FLUTTER',
    send: `const { EMMessage } = await import('tidemark/compat/easemob-flutter');
      return (await chat.sendMessage(EMMessage.createTxtSendMessage({ targetId: 'bob', content: 'x' }))).msgId;`,
    logged: (id) => [id],
  },
  {
    page: 'TENCENT',
    send: `const made = chat.createTextMessage({ to: 'bob', conversationType: 'C2C', payload: { text: 'x' }, needReadReceipt: true });
      return (await chat.sendMessage(made)).data.message.ID;`,
    logged: () => expect.objectContaining({ isPeerRead: true }) as unknown,
  },
  {
    page: 'ZIM',
    send: `return (await zim.sendMessage({ type: 1, message: 'x' }, 'crew', 2, { priority: 1, hasReceipt: true })).message.messageID;`,
    logged: (id) => [[id, 2]],
  },
];

/** The two blocks of code on a page: the server's and the app's. */
const blocksOf = async (page: string): Promise<readonly [server: string, app: string]> => {
  const text = await readFile(fileURLToPath(new URL(`../../src/compat/${page}.md`, import.meta.url)), 'utf8');
  const [server, app] = [...text.matchAll(/```(?:js|ts)\n([\s\S]*?)```/g)].map((match) => match[1]!);
  return [server!, app!];
};

/** Runs the server's block, for pages of this origin. */
const startServer = async (block: string, origin: string): Promise<ReceiptServer> => {
  const code = `return (async () => { ${block.replace("'https://app.example'", JSON.stringify(origin))} return receipts; })()`;
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is this repository's own page
  const run = new Function('createReceiptServer', 'store', 'authenticate', code) as (...names: unknown[]) => Promise<ReceiptServer>;
  const authenticate = (token: string): Promise<{ userId: string }> => Promise.resolve({ userId: token.replace('token-of-', '') });
  return run(createReceiptServer, createMemoryStore(), authenticate);
};

/** Serves an app with this code on an origin of its own. */
const serveApp = async (folder: string, code: string): Promise<void> => {
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>App</title><script type="module" src="./main.js"></script>');
  await writeFile(join(folder, 'main.js'), code);
  await build({
    root: folder,
    configFile: false,
    logLevel: 'error',
    resolve: { alias: [...builtPackage, { find: 'rxjs', replacement: fileURLToPath(import.meta.resolve('rxjs')) }] },
    build: { outDir: join(folder, 'out'), target: 'es2022' },
  });
};

let browser: Browser;
const cleanUp: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  browser = await chromium.launch(await launchOptions());
});
afterEach(async () => {
  for (const step of cleanUp.splice(0).reverse()) await step();
});
afterAll(() => browser.close());

it.each(MOVES)('an app that follows the page $page sends a message, and hears that the message is read', async ({ page, send, logged }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-migration-'));
  cleanUp.push(() => rm(folder, { recursive: true, force: true }));
  const site: PreviewServer = await preview({
    root: folder,
    configFile: false,
    logLevel: 'error',
    build: { outDir: 'out' },
    preview: { port: 0, host: '127.0.0.1' },
  });
  cleanUp.push(() => site.close());
  const origin = new URL(site.resolvedUrls!.local[0]!).origin;
  const [serverBlock, appBlock] = await blocksOf(page);
  const receipts = await startServer(serverBlock, origin);
  const http = createServer();
  receipts.attach(http);
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  cleanUp.push(async () => {
    await receipts.close();
    await new Promise((resolve) => http.close(resolve));
  });
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}/receipts`;
  const app = `${BEFORE}${appBlock}\nconst send = async () => { ${send} };${AFTER}`;
  await serveApp(folder, app.replaceAll(/'wss:\/\/chat\.example\/receipts'|'URL'/g, JSON.stringify(url)));

  const tab = await browser.newPage();
  cleanUp.push(() => tab.close());
  const [lines, errors]: [unknown[][], string[]] = [[], []];
  tab.on('pageerror', (error) => errors.push(String(error)));
  tab.on('console', (message) => {
    void Promise.all(message.args().map((arg) => arg.jsonValue())).then((line) => lines.push(line));
  });
  await tab.goto(origin);
  const sent = (): unknown => lines.find(([first]) => first === 'sent')?.[1];
  const within = { timeout: await stretched(30_000) };
  await expect.poll(sent, within).toEqual(expect.any(String));
  await expect.poll(() => lines, within).toContainEqual([logged(sent() as string)]);
  expect(errors).toEqual([]);
});
