/** The script of test/unit/compat/tencent-sdk.test.ts, which the vendor's own SDK runs there, with the facade and the real server. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import facade from '../../src/compat/tencent/tencent.ts';
import { type Chat, makeOddCalls, ODD_ANSWERS, READ_RECEIPTS, readOffline, readReceipts, type Sdk } from '../support/tencent-script.ts';
import { Backend, stretched } from './backend.ts';

let backend: Backend;
let sdk: Sdk;
const chats: Chat[] = [];

beforeEach(async () => {
  backend = await Backend.start();
  const timeout = await stretched(15_000);
  sdk = {
    create: (SDKAppID) => {
      const chat = facade.create({ SDKAppID }, { url: backend.url });
      chats.push(chat);
      return chat;
    },
    until: (isMet) => expect.poll(isMet, { timeout }).toBe(true),
  };
});
afterEach(async () => {
  await Promise.all(chats.splice(0).map((chat) => chat.destroy()));
  await backend.stop();
});

it('the facade of Tencent Chat writes the same log as the vendor’s SDK', async () => {
  expect(await readReceipts(sdk)).toEqual(READ_RECEIPTS);
});

it('the facade of Tencent Chat answers wrong arguments as the vendor’s SDK', async () => {
  expect(await makeOddCalls(sdk)).toEqual(ODD_ANSWERS);
});

it('the facade of Tencent Chat resolves at once what the vendor’s SDK holds back until it is connected again', async () => {
  const order = await readOffline(
    sdk,
    () => backend.cut(),
    () => backend.heal(),
  );
  expect(order).toEqual(['resolved', 'resolved', 'connected']);
});
