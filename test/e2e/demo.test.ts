/** The demo, told as its page tells it: aeroplane mode, reading, a death, a reload without a server, and ticks that turn. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BrowserProfile } from '../support/browser-profile.ts';
import { ServedReceipts } from '../support/serve.ts';

const CONFIG = fileURLToPath(new URL('../../demo/vite.config.ts', import.meta.url));
const WITHIN = { timeout: 30_000, interval: 50 };

let folder: string;
let server: ServedReceipts;
let browser: BrowserProfile;
let page: Page;
const pageErrors: string[] = [];

const openPage = async (): Promise<void> => {
  const context = await browser.start();
  page = await context.newPage();
  page.on('pageerror', (error) => pageErrors.push(error.message));
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto(`http://127.0.0.1:${server.port}/`);
};

type Owner = 'alice' | 'bob';
const on = (owner: Owner, selector: string): Locator => page.locator(`#phone-${owner} ${selector}`);
const chatWith = (owner: Owner, name: string): Locator => on(owner, '.row-open').filter({ hasText: name });
const expectText = (locator: Locator, text: string | RegExp): Promise<void> =>
  expect.poll(() => locator.innerText(), WITHIN).toMatch(typeof text === 'string' ? new RegExp(`^${text}$`) : text);
const expectStatuses = (owner: Owner, statuses: readonly string[]): Promise<void> =>
  expect
    .poll(() => on(owner, '.bubble .ticks').evaluateAll((all) => all.map((ticks) => ticks.getAttribute('data-status'))), WITHIN)
    .toEqual(statuses);
const readChat = async (owner: Owner, name: string): Promise<void> => {
  await chatWith(owner, name).click();
  await expectText(on(owner, '.chat-name'), name);
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-demo-'));
  await build({ configFile: CONFIG, logLevel: 'warn', build: { outDir: folder } });
  server = await ServedReceipts.start(['--static', folder]);
  browser = await BrowserProfile.create();
  await openPage();
});

afterAll(async () => {
  await browser.remove();
  await server.remove();
  await rm(folder, { recursive: true, force: true });
});

it('furnishes both phones for somebody who sees it first, and keeps itself for offline', async () => {
  await expectText(on('alice', '.badge-total'), '3');
  await expectText(on('bob', '.badge-total'), '5');
  await expectText(on('alice', '.tray-text'), /^Empty/);
  await expectText(on('bob', '.tray-text'), /^Empty/);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null), WITHIN).toBe(true);
});

it('in aeroplane mode badges fall at once and two receipts wait; Alice still sees "delivered"', async () => {
  await on('bob', '[role=switch]').click();
  await expectText(on('bob', '.phone-status'), 'Aeroplane mode');
  await readChat('bob', 'Carol');
  await on('bob', 'button').filter({ hasText: 'Back' }).click();
  await readChat('bob', 'Alice');
  await expectText(on('bob', '.badge-total'), '');
  await expectText(on('bob', '.tray-text'), /^2 entries .* waiting$/);
  await readChat('alice', 'Bob');
  await expectStatuses('alice', ['delivered', 'delivered', 'delivered']);
});

it('after the death of server and browser it opens offline, with switch, badges and outbox as they were', async () => {
  await server.kill();
  await browser.kill();
  await openPage();
  await expectText(on('bob', '.tray-text'), /^2 entries .* waiting$/);
  await expectText(on('bob', '.phone-status'), 'Aeroplane mode');
  expect(await on('bob', '[role=switch]').getAttribute('aria-checked')).toBe('true');
  expect(await on('bob', '.badge-total').innerText()).toBe('');
  await expectText(on('alice', '.badge-total'), '3');
});

it('out of aeroplane mode the outbox empties and Alice’s ticks turn', async () => {
  await server.start();
  await readChat('alice', 'Bob');
  await on('bob', '[role=switch]').click();
  await expectText(on('bob', '.tray-text'), /^Empty/);
  await expectStatuses('alice', ['read', 'read', 'read']);
  await expectText(on('alice', '.said:visible'), /^Read /);
});

it('with the server cut for both, a message waits with a clock; healed, it arrives and counts once', async () => {
  const cut = page.getByRole('switch', { name: 'Cut for both phones' });
  await expectText(on('alice', '.phone-status'), 'Live');
  await cut.click();
  await expectText(on('alice', '.phone-status'), /^Offline/);
  await expectText(on('bob', '.phone-status'), /^Offline/);
  await on('alice', '.composer-input').fill('Can you hear me?');
  await on('alice', '.composer-input').press('Enter');
  await expectStatuses('alice', ['read', 'read', 'read', 'pending']);
  await cut.click();
  await expectStatuses('alice', ['read', 'read', 'read', 'delivered']);
  await expectText(on('bob', '.badge-total'), '1');
});

it('clears a count without telling, and mutes out of the total', async () => {
  await page.getByRole('button', { name: 'Let Carol and Dan write' }).click();
  await expectText(on('bob', '.badge-total'), '3');
  const choose = async (name: string, item: string): Promise<void> => {
    await on('bob', '.row').filter({ hasText: name }).locator('.row-menu').click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Alice', 'Clear the count only');
  await expectText(on('bob', '.badge-total'), '2');
  await choose('Dan', 'Mute');
  await expectText(on('bob', '.badge-total'), '1');
  await expectText(on('bob', '.tray-text'), /^Empty/);
  await expectStatuses('alice', ['read', 'read', 'read', 'delivered']);
});

it('has thrown nothing on the way', () => {
  expect(pageErrors).toEqual([]);
});
