/**
 * The vendor's own SDK is the judge of the facade: here the script runs with the SDK and a stand-in for its server. The same script runs with
 * the facade and the real server in test/browser/compat-tencent-sdk.test.ts, and must write the same log.
 */
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { slowness } from '../../support/machine.ts';
import type { StandIn } from '../../support/stand-in.ts';
import { startTencentStandIn } from '../../support/tencent-stand-in.ts';
import { type Chat, makeOddCalls, ODD_ANSWERS, READ_RECEIPTS, readOffline, readReceipts, type Sdk } from '../../support/tencent-script.ts';

interface Vendor {
  create(options: { readonly SDKAppID: number; readonly proxyServer: string }): Chat;
}

let vendor: Vendor;
let standIn: StandIn;
let sdk: Sdk;
const chats: Chat[] = [];

beforeAll(() => {
  // The vendor's package writes to the console.
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) vi.spyOn(console, level).mockImplementation(() => undefined);
  vi.stubGlobal('WebSocket', WebSocket);
  vendor = createRequire(import.meta.url)('@tencentcloud/chat') as Vendor;
});
beforeEach(async () => {
  standIn = await startTencentStandIn();
  const timeout = 15_000 * (await slowness());
  sdk = {
    create: (SDKAppID) => {
      const chat = vendor.create({ SDKAppID, proxyServer: `ws://127.0.0.1:${standIn.port}` });
      chats.push(chat);
      return chat;
    },
    until: (isMet) => expect.poll(isMet, { timeout }).toBe(true),
  };
});
afterEach(async () => {
  await Promise.all(chats.splice(0).map((chat) => chat.destroy()));
  await standIn.close();
});
afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

it('the SDK of Tencent Chat writes the log that the facade must write', async () => {
  expect(await readReceipts(sdk)).toEqual(READ_RECEIPTS);
}, 60_000);

it('the SDK of Tencent Chat answers wrong arguments as the facade must', async () => {
  expect(await makeOddCalls(sdk)).toEqual(ODD_ANSWERS);
}, 60_000);

it('the SDK of Tencent Chat holds receipts back until it is connected again', async () => {
  const cut = (): Promise<void> => Promise.resolve(standIn.cut());
  const heal = (): Promise<void> => Promise.resolve(standIn.heal());
  expect(await readOffline(sdk, cut, heal)).toEqual(['connected', 'resolved', 'resolved']);
}, 60_000);
