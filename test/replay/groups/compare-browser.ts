/** Compares the browser of the person with the most messages (by public calls) and the second device with the recount. */
import { stretched } from '../../support/machine.ts';
import type { Tally } from '../tally.ts';
import { type BrowserMember, MOST_SHOWN } from './browser-member.ts';
import { compareRow } from './compare-members.ts';
import { groupId, messageId } from './names.ts';
import type { Recount, RecountedGroup, RecountedMessage } from './recount.ts';

const PATIENCE_MS = 20_000;
/** The server reports the readers of a quarter of a second together. */
const TOLD_MS = 5_000;

const ownState = ({ asks, members, readBy }: RecountedMessage): string =>
  !asks ? 'none' : readBy.size === members.size ? 'done' : 'processing';

const owedState = ({ asks, members, readBy }: RecountedMessage, me: string): string =>
  !asks || !members.has(me) ? 'none' : readBy.has(me) ? 'done' : 'processing';

const compareReceipts = async (tally: Tally, browser: BrowserMember, group: RecountedGroup): Promise<void> => {
  const me = browser.userId;
  const wanted = group.messages
    .slice(-MOST_SHOWN)
    .filter(({ asks, from }) => from === me || asks)
    .map((message) => ({
      id: messageId(group.name, message.number),
      readCount: message.from === me ? message.readBy.size : 0,
      // Messages from an absence of this member need not be stored.
      mayLack: message.from !== me && !message.members.has(me),
    }));
  const shown = await browser.phone.inPage(async (page) =>
    page.evaluate(
      ([wanted, ms]) => {
        const { client, now, until } = window.phone;
        return Promise.all(
          wanted.map(async ({ id, readCount, mayLack }) => {
            const receipts = client.watchReceipts(id);
            return until(receipts, (value) => (value ? value.readCount === readCount : mayLack), ms).catch(() => now(receipts));
          }),
        );
      },
      [wanted, await stretched(TOLD_MS)] as const,
    ),
  );
  for (const [i, { id, mayLack }] of wanted.entries()) {
    const message = group.messages.find(({ number }) => messageId(group.name, number) === id)!;
    const isOwn = message.from === me;
    const receipts = shown[i];
    if (receipts === null && mayLack) continue;
    tally.same(
      `browser: state of ${isOwn ? 'own' : "others'"} receipts`,
      id,
      receipts?.state,
      isOwn ? ownState(message) : owedState(message, me),
    );
    if (!isOwn) continue;
    tally.same('browser: how many have read', id, receipts?.readCount, message.asks ? message.readBy.size : 0);
    tally.same('browser: how many have not', id, receipts?.unreadCount, message.asks ? message.members.size - message.readBy.size : 0);
  }
};

const compareMessages = async (tally: Tally, browser: BrowserMember, group: RecountedGroup): Promise<void> => {
  const me = browser.userId;
  const there = group.present.get(me) ?? [];
  const list = await browser.phone.inPage(async (page) =>
    page.evaluate(
      async ([id, there, most, ms]) => {
        const { client, now, until } = window.phone;
        const messages = client.watchMessages(id, { limit: most });
        const complete = (list: readonly { readonly seq: number | null }[]): boolean => {
          const held = new Set(list.map(({ seq }) => seq));
          return there.every((seq) => held.has(seq));
        };
        return until(messages, complete, ms).catch(() => now(messages));
      },
      [
        groupId(group.name),
        there.filter((seq) => seq > group.messages.length - MOST_SHOWN),
        MOST_SHOWN,
        await stretched(PATIENCE_MS),
      ] as const,
    ),
  );
  const held = new Set(list.map(({ seq }) => seq));
  for (const seq of there)
    if (seq > group.messages.length - MOST_SHOWN)
      tally.same('browser: messages held', `${group.name}, message ${seq}`, held.has(seq), true);
  for (const { seq, senderId, status, body } of list) {
    const message = group.messages[(seq ?? 0) - 1];
    const where = `${group.name}, message ${seq}`;
    tally.same('browser: texts', where, body, message?.text);
    tally.same('browser: senders', where, senderId, message?.from);
    tally.same('browser: status of messages', where, status, senderId === me ? 'sent' : 'received');
  }
};

const compareSecond = (tally: Tally, browser: BrowserMember, group: RecountedGroup): void => {
  const me = browser.userId;
  const { rows, receipts } = browser.second.client;
  compareRow(tally, group, me, rows.get(groupId(group.name)), 'second device: ');
  for (const message of group.asking()) {
    if (message.from !== me) continue;
    const id = messageId(group.name, message.number);
    const receipt = receipts.get(id);
    tally.same('second device: how many have read', id, receipt?.readCount ?? 0, message.readBy.size);
    if (receipt) tally.same('second device: of how many', id, receipt.memberCount, message.members.size);
  }
};

export const compareBrowser = async (tally: Tally, recount: Recount, browser: BrowserMember): Promise<void> => {
  const me = browser.userId;
  await browser.flushed();
  await browser.phone.live(await stretched(PATIENCE_MS));
  await browser.second.comeOnline();
  for (const group of recount.groupsOf(me)) {
    const isIn = group.now.has(me);
    const [badge, conversation] = await browser.phone.inPage(async (page) =>
      page.evaluate(
        async ([id, length, ms]) => {
          const { client, now, until } = window.phone;
          const conversations = client.watchConversation(id);
          if (length > 0) await until(conversations, (one) => (one?.latestSeq ?? 0) >= length, ms).catch(() => null);
          return [await now(client.watchUnreadCount(id)), await now(conversations)] as const;
        },
        [groupId(group.name), isIn ? group.messages.length : 0, await stretched(PATIENCE_MS)] as const,
      ),
    );
    tally.same('browser: badges, watched alone', group.name, badge, group.unread(me));
    if (!isIn) continue;
    tally.same('browser: badges', group.name, conversation?.unreadCount, group.unread(me));
    tally.same('browser: counts known to be exact', group.name, conversation?.exact, true);
    tally.same('browser: read positions', group.name, conversation?.readUpTo, group.position.get(me) ?? 0);
    tally.same('browser: newest messages', group.name, conversation?.latestSeq, group.messages.length);
    await compareMessages(tally, browser, group);
    await compareReceipts(tally, browser, group);
    const newest = group.messages.length;
    const { client } = browser.second;
    await client.waitFor(() => (client.rows.get(groupId(group.name))?.latestSeq ?? 0) >= newest, PATIENCE_MS).catch(() => undefined);
    compareSecond(tally, browser, group);
  }
  const total = await browser.phone.inPage((page) => page.evaluate(() => window.phone.now(window.phone.client.watchTotalUnreadCount())));
  tally.same('browser: total of unread messages', me, total, recount.totalUnread(me));
  const refused = await browser.phone.inPage((page) => page.evaluate(() => window.phone.now(window.phone.client.watchDeadLetters())));
  tally.same('browser: refused entries', me, JSON.stringify(refused), '[]');
  for (const { what, where, found, right } of browser.noted) tally.same(what, where, found, right);
};
