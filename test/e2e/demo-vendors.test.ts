/** The demo with the names of a vendor: its two phones send, receive, read and count through the facade only. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FrameLocator, Locator, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { BrowserProfile } from '../support/browser-profile.ts';
import { ServedReceipts } from '../support/serve.ts';
import { expectText, type Owner, within } from './demo-page.ts';

const CONFIG = fileURLToPath(new URL('../../demo/vite.config.ts', import.meta.url));

let folder: string;
let server: ServedReceipts;
let browser: BrowserProfile;
let page: Page;
let pageErrors: string[];

const phone = (owner: Owner): FrameLocator => page.frameLocator(`#phone-${owner} iframe`);
const row = (owner: Owner, name: string): Locator =>
  phone(owner)
    .locator('.row-open')
    .filter({ has: page.locator('.row-name', { hasText: name }) });
const expectStatuses = async (owner: Owner, statuses: readonly string[]): Promise<void> =>
  expect
    .poll(
      () =>
        phone(owner)
          .locator('.bubble .ticks')
          .evaluateAll((all) => all.map((ticks) => ticks.getAttribute('data-status'))),
      await within(),
    )
    .toEqual(statuses);
const write = async (owner: Owner, text: string): Promise<void> => {
  await phone(owner).locator('.composer-input').fill(text);
  await phone(owner).locator('.composer-input').press('Enter');
};
const total = (owner: Owner): Locator => phone(owner).locator('.badge-total');
const back = (owner: Owner): Promise<void> => phone(owner).getByRole('button', { name: 'Back to the list' }).click();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-demo-'));
  await build({ configFile: CONFIG, logLevel: 'warn', build: { outDir: folder } });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  server = await ServedReceipts.start(['--static', folder]);
  browser = await BrowserProfile.create();
  page = await (await browser.start()).newPage();
  pageErrors = [];
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`http://127.0.0.1:${server.port}/`);
});
afterEach(async () => {
  await browser.remove();
  await server.remove();
});

it.each([
  { names: 'easemob', vendor: 'Easemob Web', told: 'delivered', read: 'onChannelMessage { from: "bob" }', group: 'groupReadCount: 1' },
  { names: 'easemob-flutter', vendor: 'Easemob Flutter', told: 'delivered', read: 'onConversationRead("bob", "alice")', group: 'bob: 1' },
  { names: 'tencent', vendor: 'Tencent Chat', told: 'sent', read: 'MESSAGE_READ_BY_PEER', group: 'MESSAGE_READ_RECEIPT_RECEIVED 1' },
  { names: 'zim', vendor: 'ZEGO ZIM', told: 'sent', read: 'conversationMessageReceiptChanged bob', group: 'messageReceiptChanged 1/4' },
])(
  'the two phones of the demo run with the names of $vendor: messages, receipts and counts, also offline and over a reload',
  async (names) => {
    await page.getByLabel('The phones are written for').selectOption({ label: names.vendor });
    await expectText(total('alice'), '4');
    await expectText(total('bob'), '7');

    await row('alice', 'Bob').click();
    await expectStatuses('alice', [names.told, names.told, names.told]);
    await write('alice', 'Can you hear me?');
    await expectText(total('bob'), '8');

    const cut = page.getByRole('switch', { name: 'Cut for both phones' });
    await cut.click();
    await expectText(phone('bob').locator('.phone-status'), 'Offline');
    await row('bob', 'Alice').click();
    await expectText(total('bob'), '4');
    await write('bob', 'Loud and clear.');
    await expectText(phone('bob').locator('.bubble .ticks').last().locator('.visually-hidden'), 'Queued on this phone');
    await page.reload();
    await expectText(total('bob'), '4');
    await cut.click();
    await expectText(page.locator('.ledger'), new RegExp(`Alice: ${names.read.replace(/[().{}]/g, '\\$&')}`));
    await expectStatuses('alice', ['read', 'read', 'read', 'read']);
    await expectText(phone('alice').locator('.bubble-text').last(), 'Loud and clear.');

    await back('alice');
    await row('alice', 'Crew').click();
    await write('alice', 'Who has the rope?');
    await back('bob');
    await row('bob', 'Crew').click();
    await expectText(page.locator('.ledger'), new RegExp(names.group.replace('/', '\\/')));
    await expectText(phone('alice').locator('.said:visible').last(), 'Read by 1');
    expect(pageErrors).toEqual([]);
  },
);

it('a press on a chat opens the chat, also if a message moves the chat in the list during the press', async () => {
  await page.getByLabel('The phones are written for').selectOption({ label: 'ZEGO ZIM' });
  await expectText(total('alice'), '4');
  await expectText(total('bob'), '7');
  await row('alice', 'Bob').click();
  await write('alice', 'Can you hear me?');
  await expectText(total('bob'), '8');
  await back('alice');
  await row('alice', 'Crew').click();
  await phone('alice').locator('.composer-input').fill('Who has the rope?');

  const pressed = await row('bob', 'Crew').boundingBox();
  await page.mouse.move(pressed!.x + pressed!.width / 2, pressed!.y + pressed!.height / 2);
  await page.mouse.down();
  await phone('alice').locator('.composer-input').press('Enter');
  await expectText(total('bob'), '9');
  await page.mouse.up();
  await expectText(phone('bob').locator('.chat-name'), 'Crew');
  await back('bob');
  await expectText(phone('bob').locator('.row-name').first(), 'Crew');
  expect(pageErrors).toEqual([]);
});
