/**
 * Judges the answers of a tab after the world came to rest: the readers and the non-readers of a message, and
 * the explanation of a count.
 */
import { firstValueFrom } from 'rxjs';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { nameFor } from './book.ts';
import { type SeenMessage, type Truth, unreadOf } from './truths.ts';
import type { Simulation } from './simulation.ts';

/** The number of own messages of a chat with queried receipts: the newest, because each costs requests. */
const ASKED = 2;

const sameList = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join() === [...b].sort().join();

const membersOf = async (tab: VirtualTab, id: string, filter: 'read' | 'unread'): Promise<string[]> => {
  const found: string[] = [];
  let cursor: string | null = null;
  do {
    const page: { readonly members: readonly { readonly userId: string }[]; readonly cursor: string | null } = await tab.ask(
      'fetchReadMembers',
      id,
      { filter, cursor, limit: 2 },
    );
    found.push(...page.members.map(({ userId }) => userId));
    cursor = page.cursor;
  } while (cursor !== null && found.length < 100);
  return found;
};

/** I-10, I-11: a user gets the readers of an own group message, by number and by name, and none of another user's. */
const judgeReaders = async (sim: Simulation, tab: VirtualTab, user: string, truth: Truth, message: SeenMessage): Promise<void> => {
  const { id, seq, senderId } = message;
  const who = tab.process.name;
  const receipt = senderId === user ? truth.receipts.get(seq) : undefined;
  const readers = receipt?.readers ?? [];
  const present = [...truth.parts.values()].filter(
    (part) => part.user !== senderId && part.present.some(([from, upTo]) => seq >= from && seq <= upTo),
  );
  const others = receipt ? present.map((part) => part.user).filter((name) => !readers.includes(name)) : [];
  const [counts] = await tab.ask('fetchReceipts', [id]);
  if ((counts?.readCount ?? 0) !== readers.length || (counts?.unreadCount ?? 0) !== (receipt?.memberCount ?? 0) - readers.length)
    sim.violated(
      'I-11',
      `${who} gets ${counts?.readCount ?? 'no'} readers and ${counts?.unreadCount ?? 0} others of ${id}; its readers are ${readers.join()} of ${receipt?.memberCount ?? 0}`,
    );
  for (const [filter, expected] of [
    ['read', readers],
    ['unread', others],
  ] as const) {
    const members = await membersOf(tab, id, filter);
    if (!sameList(members, expected))
      sim.violated('I-11', `${who} gets the list "${filter}" of ${id} as ${members.join()}; expected ${expected.join()}`);
  }
  const shown = await firstValueFrom(tab.watch({ of: 'receipts', messageId: id }));
  if (receipt && shown && (shown.readCount !== readers.length || shown.unreadCount !== receipt.memberCount - readers.length))
    sim.violated(
      'I-11',
      `${who} shows ${shown.readCount} readers and ${shown.unreadCount} others of ${id}; its readers are ${readers.join()} of ${receipt.memberCount}`,
    );
};

export const judgeAnswers = async (sim: Simulation, tab: VirtualTab, user: string, truth: Truth): Promise<void> => {
  const { unreadCount } = await tab.ask('explainUnread', nameFor(user, truth.chat));
  const expected = unreadOf(truth, truth.parts.get(user)!);
  if (unreadCount !== expected)
    sim.violated('I-12', `${tab.process.name} explains ${unreadCount} unread messages of ${truth.chat}; expected ${expected}`);
  if (!truth.isGroup) return;
  const told = truth.messages.filter(({ asked, recalled, ended }) => asked && !recalled && !ended);
  const mine = told.filter(({ senderId }) => senderId === user).slice(-ASKED);
  const others = told.filter(({ senderId }) => senderId !== user).slice(-1);
  for (const message of [...mine, ...others]) await judgeReaders(sim, tab, user, truth, message);
};
