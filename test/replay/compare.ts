/** Compares the final state of the server and the browser with the recount. */
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import { ProtocolClient } from '../support/protocol-client.ts';
import type { ServedReceipts } from '../support/serve.ts';
import type { BrowserUser } from './browser-user.ts';
import type { Oracle, OracleMessage } from './oracle.ts';
import { direct, type Person } from './person.ts';
import { type Comparison, covers, Tally, unreadIn } from './tally.ts';

const AT_ONCE = 8;

/**
 * The newest message of one side below a bound. Positions and receipts are about the other side's messages.
 * The part over own messages depends on the arrival of these messages at the server, and is not compared.
 */
const newestFrom = (messages: readonly OracleMessage[], from: string, upTo = 0): number =>
  messages.findLastIndex((message, i) => message.from === from && i < upTo) + 1;

const compareRow = (tally: Tally, oracle: Oracle, me: string, peer: string, row: ConversationRow | undefined): void => {
  const { messages, position } = oracle.pair(me, peer);
  const where = `${me} with ${peer}`;
  tally.same('messages in a conversation', where, row?.latestSeq ?? 0, messages.length);
  tally.same('read positions', where, newestFrom(messages, peer, row?.readUpTo), newestFrom(messages, peer, position.get(me)));
  if (!row) return;
  tally.same('unread counts', where, unreadIn(row), oracle.unread(me, peer));
  for (const [i, message] of messages.entries()) {
    const told = message.from === me ? row.theirs : row.mine;
    const side = message.from === me ? 'as its sender sees it' : 'as its reader told it';
    const read = covers(told.read, i + 1) || covers(told.named, i + 1);
    tally.same(`messages read, ${side}`, `${where}, message ${i + 1}`, read, message.read);
    tally.same(`messages delivered, ${side}`, `${where}, message ${i + 1}`, read || covers(told.delivered, i + 1), message.delivered);
  }
};

/** The rows from the server to a new device. */
const rowsOf = async (server: ServedReceipts, person: string): Promise<ProtocolClient['rows']> => {
  const witness = await ProtocolClient.connect(server.url, await server.token(person), person, 'witness');
  witness.close();
  return witness.rows;
};

/** The rows of all persons from the server, and the stored messages of each device. */
export const comparePeople = async (
  oracle: Oracle,
  server: ServedReceipts,
  people: ReadonlyMap<string, Person>,
): Promise<readonly Comparison[]> => {
  const tally = new Tally();
  const waiting = oracle.people();
  const work = async (): Promise<void> => {
    for (let me = waiting.pop(); me !== undefined; me = waiting.pop()) {
      const rows = await rowsOf(server, me);
      tally.same('conversations of a person', me, rows.size, oracle.peersOf(me).length);
      for (const peer of oracle.peersOf(me)) {
        compareRow(tally, oracle, me, peer, rows.get(direct(peer)));
        for (const { seq, body } of people.get(me)?.held.get(direct(peer))?.values() ?? [])
          tally.same(
            'texts held on devices',
            `${me} with ${peer}, message ${seq}`,
            JSON.parse(body),
            oracle.pair(me, peer).messages[seq - 1]?.text,
          );
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return tally.comparisons;
};

/** The browser comes online once more. Its badges, conversations and messages are compared, by public calls. */
export const compareBrowser = async (oracle: Oracle, server: ServedReceipts, browser: BrowserUser): Promise<readonly Comparison[]> => {
  const tally = new Tally();
  const me = browser.userId;
  await browser.comeOnline();
  await browser.settle();
  await browser.caughtUp();
  oracle.deliverAll(me);
  const rows = await rowsOf(server, me);
  for (const peer of oracle.peersOf(me)) compareRow(tally, oracle, me, peer, rows.get(direct(peer)));

  const total = await browser.inPage((page) => page.evaluate(() => window.phone.now(window.phone.client.watchTotalUnreadCount())));
  tally.same('browser: total of unread messages', me, total, oracle.totalUnread(me));
  const shown = await browser.inPage((page) =>
    page.evaluate(() => window.phone.now(window.phone.client.watchConversations({ limit: 1000 }))),
  );
  tally.same('browser: conversations', me, shown.length, oracle.peersOf(me).length);
  for (const peer of oracle.peersOf(me)) {
    const { messages, position } = oracle.pair(me, peer);
    const seen = shown.find(({ id }) => id === direct(peer));
    const newestOf = (test: (message: (typeof messages)[number]) => boolean): number =>
      messages.findLastIndex((message) => message.from === me && test(message)) + 1;
    tally.same('browser: badges', peer, seen?.unreadCount, oracle.unread(me, peer));
    tally.same('browser: read positions', peer, newestFrom(messages, peer, seen?.readUpTo), newestFrom(messages, peer, position.get(me)));
    tally.same('browser: newest messages', peer, seen?.latestSeq, messages.length);
    tally.same(
      'browser: newest read by the peer',
      peer,
      newestFrom(messages, me, seen?.peerReadUpTo),
      newestOf(({ read }) => read),
    );
    tally.same(
      'browser: newest delivered to the peer',
      peer,
      newestFrom(messages, me, seen?.peerDeliveredUpTo),
      newestOf(({ delivered }) => delivered),
    );
    const [badge, list] = await browser.inPage((page) =>
      page.evaluate(
        async ([peer, length]) => {
          const { client, id, now, until } = window.phone;
          const most = Math.min(1000, length);
          const messages = client.watchMessages(id(peer), { limit: most });
          return [
            await now(client.watchUnreadCount(id(peer))),
            await until(messages, (list) => list.length === most, 20_000).catch(() => []),
          ] as const;
        },
        [peer, messages.length] as const,
      ),
    );
    tally.same('browser: badges, watched alone', peer, badge, oracle.unread(me, peer));
    tally.same('browser: messages shown', peer, list.length, Math.min(1000, messages.length));
    for (const { seq, status, body } of list) {
      const message = messages[(seq ?? 0) - 1];
      const expected = message?.from !== me ? 'received' : message.read ? 'read' : message.delivered ? 'delivered' : 'sent';
      tally.same('browser: ticks of messages', `${peer}, message ${seq}`, status, expected);
      tally.same('browser: texts', `${peer}, message ${seq}`, body, message?.text);
    }
  }
  for (const count of browser.totalsAfterReading) tally.same('browser: total right after reading everything', me, count, 0);
  return tally.comparisons;
};
