/** The inspector on a real page: under a strict policy, in a follower tab, without a worker, and after a log-out. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptClient } from '../../src/index.ts';
import { createInspector, type InspectedClient, type InspectorElement } from '../../src/inspector/inspector.ts';
import { Backend, PATIENCE_MS, until } from './backend.ts';
import { openFrame } from './frame.ts';
import type { InspectorWindow } from './inspector-page.ts';

const STRICT = `style-src 'none'; require-trusted-types-for 'script'; trusted-types tidemark`;

const textOf = (panel: InspectorElement): string =>
  [...panel.shadowRoot!.querySelectorAll('dd, td, p, li')].map((one) => one.textContent).join(' ');
const shows = (panel: InspectorElement, text: string | RegExp): Promise<void> =>
  expect.poll(() => textOf(panel), { timeout: PATIENCE_MS }).toMatch(text);

describe('the inspector', () => {
  let backend: Backend;
  const panels: InspectorElement[] = [];
  const open = (client: InspectedClient): InspectorElement => {
    const panel = createInspector(client);
    panels.push(panel);
    document.body.append(panel);
    return panel;
  };
  /** The client, with a count of what the panel asks and watches. */
  const counted = (client: ReceiptClient) => {
    const count = { asked: 0, watched: 0 };
    const inspected: InspectedClient = {
      userId: client.userId,
      inspect: () => (count.asked++, client.inspect()),
      storage: () => client.storage(),
      explainUnread: (id) => client.explainUnread(id),
      watchConversations: (options) => ({
        subscribe(next) {
          count.watched++;
          const subscription = client.watchConversations(options).subscribe(next);
          return { unsubscribe: () => (count.watched--, subscription.unsubscribe()) };
        },
      }),
    };
    return { count, inspected };
  };

  beforeEach(async () => {
    backend = await Backend.start();
  });
  afterEach(async () => {
    for (const panel of panels.splice(0)) panel.remove();
    await backend.stop();
  });

  it('under a strict policy it shows what waits, the log and an explained count with its style, and a closed panel asks nothing', async () => {
    const bob = await backend.live('bob');
    const alice = await backend.live('alice');
    await bob.sendMessage('direct:alice', 'a secret of bob');
    await until(alice.watchUnreadCount('direct:bob'), (count) => count === 1);
    await backend.cut();
    await until(alice.watchConnection(), ({ retryAt }) => retryAt !== null);
    await alice.sendMessage('direct:bob', 'a secret of alice');
    const { window: page, remove } = await openFrame<InspectorWindow>('test/browser/inspector-page.ts', 'createInspector', STRICT);
    const violations: string[] = [];
    page.document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) => violations.push(effectiveDirective));
    const { count, inspected } = counted(alice);
    const panel = page.createInspector(inspected);
    expect(count).toEqual({ asked: 0, watched: 0 });
    page.document.body.append(panel);
    await shows(panel, /offline, next try .*message direct:bob.*connection-changed\s*state=live/s);
    const choice = panel.shadowRoot!.querySelector<HTMLSelectElement>('#chat')!;
    await expect.poll(() => choice.options.length).toBe(2);
    choice.value = 'direct:bob';
    choice.dispatchEvent(new Event('change'));
    await shows(panel, /unread, of 1 messages after the position 0/);
    expect(page.getComputedStyle(panel).display).toBe('block');
    expect(textOf(panel)).not.toMatch(/secret|token-of/);
    panel.remove();
    const { asked } = count;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(count).toEqual({ asked, watched: 0 });
    expect(violations).toEqual([]);
    remove();
  });

  it('in a follower tab it names the leader, and after a log-out in the other tab nothing of the account stays on the screen', async () => {
    const first = await backend.live('alice');
    await until(first.watchConnection(), ({ leader }) => leader);
    const panel = open(await backend.live('alice'));
    await shows(panel, '2 open, another tab leads');
    await first.logOut({ pending: 'discard' });
    await shows(panel, /^this account was logged out/);
    expect(textOf(panel)).not.toContain('another tab');
  });

  it('without a worker it shows the reason', async () => {
    const panel = open(
      backend.client('alice', {
        worker: () => {
          throw new Error('no workers here');
        },
      }),
    );
    await shows(panel, /worker\/unavailable: .*no workers here/);
  });
});
