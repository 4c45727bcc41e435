/** The notifications of the demo's phones, from the push of the server to the banner. */
import type { JSHandle, Locator, Route } from 'playwright';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DemoPage, expectText, type Owner, within } from './demo-page.ts';

let demo: DemoPage;
beforeAll(async () => {
  demo = await DemoPage.start();
});
afterAll(() => demo.remove());

const banner = (owner: Owner, text: string): Locator => demo.on(owner, '.banner').filter({ hasText: text });
/** The browser's own list of open notifications. */
const notifications = (): Promise<string[]> =>
  demo.page.evaluate(async () => {
    const registration = await navigator.serviceWorker.ready;
    return (await registration.getNotifications()).map(({ title, body }) => `${title}: ${body}`);
  });

const NOTIFY = 'Notifications of the phone in the pocket';

it('the switch of the notifications shows "on" only once pushes can arrive', async () => {
  await expectText(demo.on('bob', '.badge-total'), '7');
  const context = demo.page.context();
  await context.grantPermissions(['notifications']);
  const opening: Route[] = [];
  await context.route('**/dev/pushes', (route) => void opening.push(route));
  await demo.rule(NOTIFY).click();
  await expect.poll(() => opening.length, await within()).toBe(1);
  expect(await demo.rule(NOTIFY).getAttribute('aria-checked')).toBe('false');
  await opening[0]!.continue();
  await expect.poll(() => demo.rule(NOTIFY).getAttribute('aria-checked'), await within()).toBe('true');
  await context.unroute('**/dev/pushes');
});

it('the phone in the pocket notifies of a message, by the push of the server, and reading the chat closes the notification', async () => {
  await demo.choose('bob', 'Dan', 'Mute');
  await demo.readChat('alice', 'Crew');
  await demo.on('alice', '.composer-input').click();
  await demo.page.getByRole('button', { name: 'Let Carol and Dan write' }).click();
  await expect.poll(notifications, await within()).toEqual([expect.stringMatching(/^Carol to Bob: ./)]);
  await expectText(banner('bob', 'Carol to Bob'), /^Carol to Bob/);
  // Alice holds her phone, so it shows no notification; Dan's chat is muted on Bob's phone.
  expect(await demo.page.locator('.banner').count()).toBe(1);
  // A notification covers no chat, wherever the chat stands in the list.
  const [shown, first] = [await demo.on('bob', '.banner').boundingBox(), await demo.on('bob', '.row').first().boundingBox()];
  expect(shown!.y + shown!.height).toBeLessThanOrEqual(first!.y);
  await demo.readChat('bob', 'Carol');
  await expect.poll(notifications, await within()).toEqual([]);
  await expect.poll(() => demo.page.locator('.banner').count(), await within()).toBe(0);
});

/** Resolves once a stream beside the demo's is open; `arrived` resolves with the next push to this phone. */
const pushTo = (owner: Owner): Promise<JSHandle<{ arrived: Promise<void> }>> =>
  demo.page.evaluateHandle(async (userId) => {
    const stream = new EventSource('/dev/pushes');
    const arrived = new Promise<void>((resolve) => {
      stream.onmessage = ({ data }: MessageEvent<string>) => {
        if ((JSON.parse(data) as { userId: string }).userId !== userId) return;
        stream.close();
        resolve();
      };
    });
    await new Promise((resolve) => (stream.onopen = resolve));
    return { arrived };
  }, owner);

it('in aeroplane mode no notification comes; the held one comes afterwards, and a tap on it opens the chat', async () => {
  await demo.button('bob', 'Back to the list').click();
  await demo.aeroplane('bob').click();
  await expectText(demo.on('bob', '.phone-status'), 'Aeroplane mode');
  await demo.on('alice', '.composer-input').click();
  const pushed = await pushTo('bob');
  await demo.write('alice', 'Still there, @bob?');
  await pushed.evaluate(({ arrived }) => arrived);
  expect(await notifications()).toEqual([]);
  await demo.aeroplane('bob').press('Space');
  await demo.on('alice', '.composer-input').click();
  await expect.poll(notifications, await within()).toEqual([expect.stringMatching(/^Alice in Crew to Bob: .*\(mentions you\)/)]);
  await banner('bob', 'Alice in Crew to Bob').click();
  await expectText(demo.on('bob', '.chat-name'), 'Crew');
  await expect.poll(notifications, await within()).toEqual([]);
});

it('no step of the demo throws an error', () => {
  expect(demo.errors).toEqual([]);
});
