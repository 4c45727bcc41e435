/**
 * The demo in the order of its page: aeroplane mode, reading, a kill, a reload without a server, and turning
 * ticks; then the group: its readers, the rules of the server, a departure.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BrowserProfile } from '../support/browser-profile.ts';
import { stretched } from '../support/machine.ts';
import { ServedReceipts } from '../support/serve.ts';

const CONFIG = fileURLToPath(new URL('../../demo/vite.config.ts', import.meta.url));
const WITHIN = { timeout: await stretched(30_000), interval: 50 };

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
const on = (owner: Owner, selector: string): Locator => page.locator(`#phone-${owner} ${selector}`.trim());
const chatWith = (owner: Owner, name: string): Locator =>
  on(owner, '.row-open').filter({ has: page.locator('.row-name', { hasText: name }) });
const aeroplane = (owner: Owner): Locator => on(owner, '.phone-head [role=switch]');
/** A string must equal the whole text. */
const expectText = (locator: Locator, text: string | RegExp): Promise<void> => {
  const polled = expect.poll(() => locator.innerText(), WITHIN);
  return typeof text === 'string' ? polled.toBe(text) : polled.toMatch(text);
};
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

it('at its first visit the demo fills both phones, and stores itself for offline use', async () => {
  await expectText(on('alice', '.badge-total'), '4');
  await expectText(on('bob', '.badge-total'), '7');
  await expectText(on('alice', '.tray-text'), /^Empty/);
  await expectText(on('bob', '.tray-text'), /^Empty/);
  await expectText(page.locator('.ledger'), /→ Alice: read, 3 of 5/);
  await expect.poll(() => page.evaluate(() => navigator.serviceWorker.controller !== null), WITHIN).toBe(true);
});

it('in aeroplane mode Bob’s badges drop at once and two entries wait, and Alice still sees "delivered"', async () => {
  await aeroplane('bob').click();
  await expectText(on('bob', '.phone-status'), 'Aeroplane mode');
  await readChat('bob', 'Carol');
  await on('bob', '').getByRole('button', { name: 'Back to the list' }).click();
  await readChat('bob', 'Alice');
  await expectText(on('bob', '.badge-total'), '2');
  await expectText(on('bob', '.tray-text'), /^2 entries .* waiting$/);
  await readChat('alice', 'Bob');
  await expectStatuses('alice', ['delivered', 'delivered', 'delivered']);
});

it('after a kill of the server and the browser, the demo opens offline with the same switch, badges and outbox', async () => {
  await server.kill();
  await browser.kill();
  await openPage();
  await expectText(on('bob', '.tray-text'), /^2 entries .* waiting$/);
  await expectText(on('bob', '.phone-status'), 'Aeroplane mode');
  expect(await aeroplane('bob').getAttribute('aria-checked')).toBe('true');
  expect(await on('bob', '.badge-total').innerText()).toBe('2');
  await expectText(on('alice', '.badge-total'), '4');
});

it('when Bob leaves aeroplane mode, his outbox empties and Alice’s ticks turn', async () => {
  await server.start();
  await readChat('alice', 'Bob');
  await aeroplane('bob').click();
  await expectText(on('bob', '.tray-text'), /^Empty/);
  await expectStatuses('alice', ['read', 'read', 'read']);
  await expectText(on('alice', '.said:visible'), /^Read /);
});

it('while the server is cut for both phones, a message waits with a clock; then the message arrives and counts once', async () => {
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
  await expectText(on('bob', '.badge-total'), '3');
});

it('the demo clears a count without a receipt, and a muted chat does not count in the total', async () => {
  await page.getByRole('button', { name: 'Let Carol and Dan write' }).click();
  await expectText(on('bob', '.badge-total'), '5');
  const choose = async (name: string, item: string): Promise<void> => {
    await on('bob', '')
      .getByRole('button', { name: `More for ${name}` })
      .click();
    await page.getByRole('menuitem', { name: item }).click();
  };
  await choose('Alice', 'Clear the count only');
  await expectText(on('bob', '.badge-total'), '4');
  await choose('Dan', 'Mute');
  await expectText(on('bob', '.badge-total'), '3');
  await expectText(on('bob', '.tray-text'), /^Empty/);
  await expectStatuses('alice', ['read', 'read', 'read', 'delivered']);
});

const newestCount = (owner: Owner): Locator => on(owner, '.readers-open:visible').last();
const readers = (name: string): Locator => page.getByRole('dialog', { name });
const members = (dialog: Locator, part: 'Have read it' | 'Have not read it'): Promise<string[]> =>
  dialog.locator('.readers-part').filter({ hasText: part }).locator('.readers-name').allInnerTexts();
const write = async (owner: Owner, text: string): Promise<void> => {
  await on(owner, '.composer-input').fill(text);
  await on(owner, '.composer-input').press('Enter');
};
const rule = (name: string): Locator => page.getByRole('switch', { name });
const turn = async (name: string, on: boolean): Promise<void> => {
  await rule(name).click();
  await expect.poll(() => rule(name).getAttribute('aria-checked'), WITHIN).toBe(String(on));
};

it('the demo counts the readers of a group message and lists them, also by keyboard', async () => {
  await aeroplane('bob').click();
  await on('alice', '').getByRole('button', { name: 'Back to the list' }).click();
  await readChat('alice', 'Crew');
  await write('alice', 'Who has the rope?');
  await expectText(newestCount('alice').locator('span').first(), 'Read by 0 of 5');
  await page.getByRole('button', { name: 'Let Carol read the group' }).click();
  await expectText(newestCount('alice').locator('span').first(), 'Read by 1 of 5');
  await newestCount('alice').press('Enter');
  await expect.poll(() => members(readers('Read by 1 of 5'), 'Have read it'), WITHIN).toEqual(['Carol']);
  expect(await members(readers('Read by 1 of 5'), 'Have not read it')).toEqual(['Bob', 'Dan', 'Erin', 'Finn']);
  expect(await readers('Read by 1 of 5').locator('.readers-words').first().innerText()).toBe('“Aye!”');
  expect(await readers('Read by 1 of 5').locator('.readers-time').first().innerText()).toMatch(/^\d\d:\d\d:\d\d$/);
  await page.keyboard.press('Escape');
  await expect.poll(() => readers('Read by 1 of 5').count(), WITHIN).toBe(0);
  expect(await newestCount('alice').evaluate((button) => button === document.activeElement)).toBe(true);
});

it('a group message that Bob reads in aeroplane mode counts when he is back online, also in an open list of readers', async () => {
  await readChat('bob', 'Crew');
  await expectText(on('bob', '.tray-text'), /^\d entr.* waiting$/);
  await newestCount('alice').click();
  await expect.poll(() => members(readers('Read by 1 of 5'), 'Have read it'), WITHIN).toEqual(['Carol']);
  // By keyboard, because a click elsewhere closes the list.
  await aeroplane('bob').press('Space');
  await expect.poll(() => members(readers('Read by 2 of 5'), 'Have read it'), WITHIN).toEqual(['Carol', 'Bob']);
  await expectText(newestCount('alice').locator('span').first(), 'Read by 2 of 5');
  await page.keyboard.press('Escape');
});

it('without the server the list of readers says "not available", and fills itself after the network has healed', async () => {
  await aeroplane('alice').click();
  await expectText(on('alice', '.phone-status'), 'Aeroplane mode');
  await newestCount('alice').click();
  await expectText(readers('Read by 2 of 5').locator('.readers-note'), /cannot be reached now/);
  await aeroplane('alice').press('Space');
  await expect.poll(() => members(readers('Read by 2 of 5'), 'Have read it'), WITHIN).toEqual(['Carol', 'Bob']);
  await page.keyboard.press('Escape');
});

it('where the server allows no group receipts, a message with a request is rejected with its code, and Alice sends the message without', async () => {
  await turn('Receipts in groups', false);
  await write('alice', 'And the oars?');
  await expectText(on('alice', '.notice'), /rejected\/group-receipts-disabled/);
  await expectText(on('alice', '.said:visible').last(), 'Refused by the server');
  await page.getByRole('button', { name: 'Send without asking' }).click();
  await expect.poll(() => on('alice', '.notice').count(), WITHIN).toBe(0);
  await expectText(on('alice', '.said:visible').last(), 'Sent');
  await expectText(on('bob', '.bubble-text').last(), 'And the oars?');
  await turn('Receipts in groups', true);
});

it('a message without a receipt request shows no readers: Alice turns the request off beside the input', async () => {
  await on('alice', '.composer-ask').click();
  await write('alice', 'No need to answer.');
  await expectText(on('alice', '.said:visible').last(), 'Sent');
  await expectText(on('bob', '.bubble-text').last(), 'No need to answer.');
  await on('alice', '.composer-ask').click();
});

it('a departed member does not count for the next message, and earlier messages keep their counts', async () => {
  const dan = page.getByRole('button', { name: /^Dan/ }).and(page.locator('.crew-person'));
  await dan.click();
  await page.getByRole('menuitem', { name: 'Leave the group' }).click();
  await expectText(page.locator('.crew-counts'), /asks 4$/);
  await write('alice', 'Who is still here?');
  await expectText(newestCount('alice').locator('span').first(), 'Read by 0 of 4');
  await page.getByRole('button', { name: 'Let the others read' }).click();
  await expectText(newestCount('alice').locator('span').first(), 'Read by 2 of 4');
  const counts = on('alice', '.readers-open:visible span:first-child');
  await expect.poll(async () => (await counts.allInnerTexts()).at(-2), WITHIN).toBe('Read by 4 of 5');
  await dan.click();
  await page.getByRole('menuitem', { name: 'Join again' }).click();
  await expectText(page.locator('.crew-counts'), /asks 5$/);
});

it('members see the counts of others’ messages only if the server allows it', async () => {
  expect(await on('bob', '.readers-open:visible').count()).toBe(0);
  await turn('Members see counts', true);
  await expectText(newestCount('bob').locator('span').first(), 'Read by 2 of 4');
  await turn('Members see counts', false);
  await expect.poll(() => on('bob', '.readers-open:visible').count(), WITHIN).toBe(0);
});

it('a muted group still tells Bob of a message that mentions him, and of no other message', async () => {
  await on('bob', '').getByRole('button', { name: 'Back to the list' }).click();
  await on('bob', '').getByRole('button', { name: 'More for Crew' }).click();
  await page.getByRole('menuitem', { name: 'Mute' }).click();
  const row = on('bob', '.row[data-conversation="group:crew"] .row-open');
  await write('alice', 'Thank you, @Carol');
  await expect.poll(() => row.textContent(), WITHIN).toMatch(/1 unread message$/);
  await write('alice', 'Bring the oars, @bob and @Dan');
  await expect.poll(() => row.textContent(), WITHIN).toMatch(/2 unread messages, 1 mentions you$/);
});

const banner = (owner: Owner, text: string): Locator => on(owner, '.banner').filter({ hasText: text });
/** The browser's own list of open notifications. */
const notifications = (): Promise<string[]> =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).map(({ title, body }) => `${title}: ${body}`);
  });

it('the phone in the pocket notifies of a message, by the push of the server, and reading the chat closes the notification', async () => {
  await page.context().grantPermissions(['notifications']);
  await turn('Notifications of the phone in the pocket', true);
  await on('alice', '.composer-input').click();
  await page.getByRole('button', { name: 'Let Carol and Dan write' }).click();
  await expect.poll(notifications, WITHIN).toEqual([expect.stringMatching(/^Carol to Bob: ./)]);
  await expectText(banner('bob', 'Carol to Bob'), /^Carol to Bob/);
  // Alice holds her phone, so it shows no notification; Dan's chat is muted on Bob's phone.
  expect(await page.locator('.banner').count()).toBe(1);
  await readChat('bob', 'Carol');
  await expect.poll(notifications, WITHIN).toEqual([]);
  await expect.poll(() => page.locator('.banner').count(), WITHIN).toBe(0);
});

it('in aeroplane mode no notification comes; the held one comes afterwards, and a tap on it opens the chat', async () => {
  await on('bob', '').getByRole('button', { name: 'Back to the list' }).click();
  await aeroplane('bob').click();
  await expectText(on('bob', '.phone-status'), 'Aeroplane mode');
  await on('alice', '.composer-input').click();
  await write('alice', 'Still there, @bob?');
  await expectText(on('alice', '.said:visible').last(), /^Read by 0|^Sent/);
  expect(await notifications()).toEqual([]);
  await aeroplane('bob').press('Space');
  await on('alice', '.composer-input').click();
  await expect.poll(notifications, WITHIN).toEqual([expect.stringMatching(/^Alice in Crew to Bob: .*\(mentions you\)/)]);
  await banner('bob', 'Alice in Crew to Bob').click();
  await expectText(on('bob', '.chat-name'), 'Crew');
  await expect.poll(notifications, WITHIN).toEqual([]);
});

it('no step of the demo throws an error', () => {
  expect(pageErrors).toEqual([]);
});
