/**
 * The demo in the order of its page: aeroplane mode, reading, a kill, a reload without a server, and turning
 * ticks; then the group: its readers, the rules of the server, a departure.
 */
import type { Locator } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DemoPage, expectText, type Owner, within } from './demo-page.ts';

let demo: DemoPage;
beforeAll(async () => {
  demo = await DemoPage.start();
});
afterAll(() => demo.remove());

const expectStatuses = async (owner: Owner, statuses: readonly string[]): Promise<void> =>
  expect
    .poll(
      () => demo.on(owner, '.bubble .ticks').evaluateAll((all) => all.map((ticks) => ticks.getAttribute('data-status'))),
      await within(),
    )
    .toEqual(statuses);

it('at its first visit the demo fills both phones, and stores itself for offline use', async () => {
  await expectText(demo.on('alice', '.badge-total'), '4');
  await expectText(demo.on('bob', '.badge-total'), '7');
  await expectText(demo.on('alice', '.tray-text'), /^Empty/);
  await expectText(demo.on('bob', '.tray-text'), /^Empty/);
  await expectText(demo.page.locator('.ledger'), /→ Alice: read, 3 of 5/);
  await expect.poll(() => demo.page.evaluate(() => navigator.serviceWorker.controller !== null), await within()).toBe(true);
});

it('in aeroplane mode Bob’s badges drop at once and two entries wait, and Alice still sees "delivered"', async () => {
  await demo.aeroplane('bob').click();
  await expectText(demo.on('bob', '.phone-status'), 'Aeroplane mode');
  await demo.readChat('bob', 'Carol');
  await demo.button('bob', 'Back to the list').click();
  await demo.readChat('bob', 'Alice');
  await expectText(demo.on('bob', '.badge-total'), '2');
  await expectText(demo.on('bob', '.tray-text'), /^2 entries .* waiting$/);
  await demo.button('bob', 'Inspect Bob’s client').click();
  const entries = demo.page.locator('tidemark-inspector tbody td:nth-child(2)');
  await expect.poll(() => entries.allInnerTexts(), await within()).toEqual(['direct:carol', 'direct:alice']);
  await demo.page.keyboard.press('Escape');
  await expect.poll(() => demo.page.locator('tidemark-inspector').count(), await within()).toBe(0);
  await demo.readChat('alice', 'Bob');
  await expectStatuses('alice', ['delivered', 'delivered', 'delivered']);
});

it('after a kill of the server and the browser, the demo opens offline with the same switch, badges and outbox', async () => {
  await demo.server.kill();
  await demo.browser.kill();
  await demo.open();
  await expectText(demo.on('bob', '.tray-text'), /^2 entries .* waiting$/);
  await expectText(demo.on('bob', '.phone-status'), 'Aeroplane mode');
  expect(await demo.aeroplane('bob').getAttribute('aria-checked')).toBe('true');
  expect(await demo.on('bob', '.badge-total').innerText()).toBe('2');
  await expectText(demo.on('alice', '.badge-total'), '4');
});

it('when Bob leaves aeroplane mode, his outbox empties and Alice’s ticks turn', async () => {
  await demo.server.start();
  await demo.readChat('alice', 'Bob');
  await demo.aeroplane('bob').click();
  await expectText(demo.on('bob', '.tray-text'), /^Empty/);
  await expectStatuses('alice', ['read', 'read', 'read']);
  await expectText(demo.on('alice', '.said:visible'), /^Read /);
});

it('while the server is cut for both phones, a message waits with a clock; then the message arrives and counts once', async () => {
  const cut = demo.page.getByRole('switch', { name: 'Cut for both phones' });
  await expectText(demo.on('alice', '.phone-status'), 'Live');
  await cut.click();
  await expectText(demo.on('alice', '.phone-status'), /^Offline/);
  await expectText(demo.on('bob', '.phone-status'), /^Offline/);
  await demo.on('alice', '.composer-input').fill('Can you hear me?');
  await demo.on('alice', '.composer-input').press('Enter');
  await expectStatuses('alice', ['read', 'read', 'read', 'pending']);
  await cut.click();
  await expectStatuses('alice', ['read', 'read', 'read', 'delivered']);
  await expectText(demo.on('bob', '.badge-total'), '3');
});

it('the demo clears a count without a receipt, and a muted chat does not count in the total', async () => {
  await demo.page.getByRole('button', { name: 'Let Carol and Dan write' }).click();
  await expectText(demo.on('bob', '.badge-total'), '5');
  await demo.choose('bob', 'Alice', 'Clear the count only');
  await expectText(demo.on('bob', '.badge-total'), '4');
  await demo.choose('bob', 'Dan', 'Mute');
  await expectText(demo.on('bob', '.badge-total'), '3');
  await expectText(demo.on('bob', '.tray-text'), /^Empty/);
  await expectStatuses('alice', ['read', 'read', 'read', 'delivered']);
});

const newestCount = (owner: Owner): Locator => demo.on(owner, '.readers-open:visible').last();
const readers = (name: string): Locator => demo.page.getByRole('dialog', { name });
const members = (dialog: Locator, part: 'Have read it' | 'Have not read it'): Promise<string[]> =>
  dialog.locator('.readers-part').filter({ hasText: part }).locator('.readers-name').allInnerTexts();

it('the demo counts the readers of a group message and lists them, also by keyboard', async () => {
  await demo.aeroplane('bob').click();
  await demo.button('alice', 'Back to the list').click();
  await demo.readChat('alice', 'Crew');
  await demo.write('alice', 'Who has the rope?');
  await expectText(newestCount('alice').locator('span').first(), 'Read by 0 of 5');
  await demo.page.getByRole('button', { name: 'Let Carol read the group' }).click();
  await expectText(newestCount('alice').locator('span').first(), 'Read by 1 of 5');
  await newestCount('alice').press('Enter');
  await expect.poll(() => members(readers('Read by 1 of 5'), 'Have read it'), await within()).toEqual(['Carol']);
  expect(await members(readers('Read by 1 of 5'), 'Have not read it')).toEqual(['Bob', 'Dan', 'Erin', 'Finn']);
  expect(await readers('Read by 1 of 5').locator('.readers-words').first().innerText()).toBe('“Aye!”');
  expect(await readers('Read by 1 of 5').locator('.readers-time').first().innerText()).toMatch(/^\d\d:\d\d:\d\d$/);
  await demo.page.keyboard.press('Escape');
  await expect.poll(() => readers('Read by 1 of 5').count(), await within()).toBe(0);
  expect(await newestCount('alice').evaluate((button) => button === document.activeElement)).toBe(true);
});

it('a group message that Bob reads in aeroplane mode counts when he is back online, also in an open list of readers', async () => {
  await demo.readChat('bob', 'Crew');
  await expectText(demo.on('bob', '.tray-text'), /^\d entr.* waiting$/);
  await newestCount('alice').click();
  await expect.poll(() => members(readers('Read by 1 of 5'), 'Have read it'), await within()).toEqual(['Carol']);
  // The test uses the keyboard, because a click elsewhere closes the list.
  await demo.aeroplane('bob').press('Space');
  await expect.poll(() => members(readers('Read by 2 of 5'), 'Have read it'), await within()).toEqual(['Carol', 'Bob']);
  await expectText(newestCount('alice').locator('span').first(), 'Read by 2 of 5');
  await demo.page.keyboard.press('Escape');
});

it('without the server the list of readers says "not available", and fills itself after the network has healed', async () => {
  await demo.aeroplane('alice').click();
  await expectText(demo.on('alice', '.phone-status'), 'Aeroplane mode');
  await newestCount('alice').click();
  await expectText(readers('Read by 2 of 5').locator('.readers-note'), /cannot be reached now/);
  await demo.aeroplane('alice').press('Space');
  await expect.poll(() => members(readers('Read by 2 of 5'), 'Have read it'), await within()).toEqual(['Carol', 'Bob']);
  await demo.page.keyboard.press('Escape');
});

it('where the server allows no group receipts, a message with a request is rejected with its code, and Alice sends the message without', async () => {
  await demo.turn('Receipts in groups', false);
  await demo.write('alice', 'And the oars?');
  await expectText(demo.on('alice', '.notice'), /rejected\/group-receipts-disabled/);
  await expectText(demo.on('alice', '.said:visible').last(), 'Refused by the server');
  await demo.page.getByRole('button', { name: 'Send without asking' }).click();
  await expect.poll(() => demo.on('alice', '.notice').count(), await within()).toBe(0);
  await expectText(demo.on('alice', '.said:visible').last(), 'Sent');
  await expectText(demo.on('bob', '.bubble-text').last(), 'And the oars?');
  await demo.turn('Receipts in groups', true);
});

it('a message without a receipt request shows no readers: Alice turns the request off beside the input', async () => {
  await demo.on('alice', '.composer-ask').click();
  await demo.write('alice', 'No need to answer.');
  await expectText(demo.on('alice', '.said:visible').last(), 'Sent');
  await expectText(demo.on('bob', '.bubble-text').last(), 'No need to answer.');
  await demo.on('alice', '.composer-ask').click();
});

it('a departed member does not count for the next message, and earlier messages keep their counts', async () => {
  const dan = demo.page.getByRole('button', { name: /^Dan/ }).and(demo.page.locator('.crew-person'));
  await dan.click();
  await demo.page.getByRole('menuitem', { name: 'Leave the group' }).click();
  await expectText(demo.page.locator('.crew-counts'), /asks 4$/);
  await demo.write('alice', 'Who is still here?');
  await expectText(newestCount('alice').locator('span').first(), 'Read by 0 of 4');
  await demo.page.getByRole('button', { name: 'Let the others read' }).click();
  await expectText(newestCount('alice').locator('span').first(), 'Read by 2 of 4');
  const counts = demo.on('alice', '.readers-open:visible span:first-child');
  await expect.poll(async () => (await counts.allInnerTexts()).at(-2), await within()).toBe('Read by 4 of 5');
  await dan.click();
  await demo.page.getByRole('menuitem', { name: 'Join again' }).click();
  await expectText(demo.page.locator('.crew-counts'), /asks 5$/);
});

it('members see the counts of others’ messages only if the server allows it', async () => {
  expect(await demo.on('bob', '.readers-open:visible').count()).toBe(0);
  await demo.turn('Members see counts', true);
  await expectText(newestCount('bob').locator('span').first(), 'Read by 2 of 4');
  await demo.turn('Members see counts', false);
  await expect.poll(() => demo.on('bob', '.readers-open:visible').count(), await within()).toBe(0);
});

it('a muted group still tells Bob of a message that mentions him, and of no other message', async () => {
  await demo.button('bob', 'Back to the list').click();
  await demo.choose('bob', 'Crew', 'Mute');
  const row = demo.on('bob', '.row[data-conversation="group:crew"] .row-open');
  await demo.write('alice', 'Thank you, @Carol');
  await expect.poll(() => row.textContent(), await within()).toMatch(/1 unread message$/);
  await demo.write('alice', 'Bring the oars, @bob and @Dan');
  await expect.poll(() => row.textContent(), await within()).toMatch(/2 unread messages, 1 mentions you$/);
});

it.each([320, 390, 720])('on a screen of %i pixels the demo fits the width', async (width) => {
  await demo.page.setViewportSize({ width, height: 844 });
  await expect.poll(() => demo.page.evaluate(() => document.documentElement.scrollWidth), await within()).toBeLessThanOrEqual(width);
});

it('no step of the demo throws an error', () => {
  expect(demo.errors).toEqual([]);
});
