/** The people without a phone on this page. Each has a client only while it writes or reads. */
import { combineLatest, debounceTime, filter, firstValueFrom, timeout } from 'rxjs';
import type { MessageId, ReceiptClient, UserId } from 'tidemark';
import { openAccount } from './account.ts';
import { readGroup } from './group-reading.ts';
import { chatter, CREW_CHAT, direct, type Line, OPENING, OTHERS, PHONE_OWNERS } from './people.ts';

const TIMEOUT_MS = 6000;

const turns = new Map<UserId, Promise<unknown>>();

/**
 * Runs one act at a time for each person. @returns false if the server was not reachable: then the entries
 * wait in the person's outbox.
 */
const letAct = (userId: UserId, act: (client: ReceiptClient) => Promise<void>): Promise<boolean> => {
  const turn = async (): Promise<boolean> => {
    const client = openAccount(userId);
    try {
      await act(client);
      const { pending } = await client.flush({ timeoutMs: TIMEOUT_MS });
      return pending === 0;
    } finally {
      await client.close();
    }
  };
  const mine = (turns.get(userId) ?? Promise.resolve()).then(turn, turn);
  turns.set(userId, mine);
  return mine;
};

const say = async (client: ReceiptClient, lines: readonly Line[]): Promise<void> => {
  for (const { id, to, text, requestReceipt } of lines)
    await client.sendMessage(to, text, requestReceipt === undefined ? { id } : { id, requestReceipt });
};

const said = (userIds: readonly UserId[], lines: readonly Line[]): Promise<boolean[]> =>
  Promise.all(
    userIds.map((userId) =>
      letAct(userId, (client) =>
        say(
          client,
          lines.filter(({ from }) => from === userId),
        ),
      ),
    ),
  );

/**
 * Waits until this person stores the group's newest message, and the message with this id. After a timeout
 * the person reads what is stored.
 */
const caughtUp = async (client: ReceiptClient, withId?: MessageId): Promise<void> => {
  const seen$ = combineLatest([client.watchConnection(), client.watchConversation(CREW_CHAT), client.watchMessages(CREW_CHAT)]).pipe(
    // Two streams of one client may show two moments.
    debounceTime(150),
    filter(([{ state }, crew, messages]) => {
      const newest = messages.findLast(({ seq }) => seq !== null)?.seq ?? 0;
      return state === 'live' && crew !== null && newest >= crew.latestSeq && (!withId || messages.some(({ id }) => id === withId));
    }),
    timeout(TIMEOUT_MS),
  );
  await firstValueFrom(seen$).catch(() => undefined);
};

/** Carol and Dan each write once to both phones. @returns false if the server was not reachable. */
export const letOthersWrite = async (): Promise<boolean> => {
  const writers = OTHERS.slice(0, 2);
  const lines = writers.flatMap((from) => PHONE_OWNERS.map((to) => ({ id: crypto.randomUUID(), from, to: direct(to), text: chatter() })));
  return (await said(writers, lines)).every(Boolean);
};

/** Writes to the group without asking for receipts. */
export const letWriteToCrew = async (userId: UserId): Promise<boolean> =>
  (await said([userId], [{ id: crypto.randomUUID(), from: userId, to: CREW_CHAT, text: chatter() }])).every(Boolean);

/**
 * These people read the group, with `content` as the text of their receipts. @returns false if one of them
 * could not reach the server.
 */
export const letReadCrew = async (userIds: readonly UserId[], content?: string): Promise<boolean> => {
  const read = userIds.map((userId) =>
    letAct(userId, async (client) => {
      await caughtUp(client);
      await readGroup(client, CREW_CHAT, content);
    }),
  );
  return (await Promise.all(read)).every(Boolean);
};

/**
 * Sends and reads the opening messages. Their ids are fixed, so each message exists once however often this
 * runs.
 */
export const openTheScene = async (phones: readonly ReceiptClient[]): Promise<void> => {
  const speakers = OTHERS.filter((userId) => OPENING.some(({ from }) => from === userId)).map(openAccount);
  const speak = async (client: ReceiptClient): Promise<void> => {
    const own = OPENING.filter(({ from }) => from === client.userId);
    await say(client, own);
    await client.flush({ timeoutMs: TIMEOUT_MS });
  };
  try {
    await Promise.all(speakers.map(speak));
    // The phone owners write last, so that they are first in each other's lists.
    await Promise.all(phones.map(speak));
    const last = OPENING.findLast(({ to }) => to === CREW_CHAT);
    await Promise.all(
      speakers.map(async (client) => {
        await caughtUp(client, last?.id);
        await readGroup(client, CREW_CHAT);
        await client.flush({ timeoutMs: TIMEOUT_MS });
      }),
    );
  } finally {
    await Promise.all(speakers.map((client) => client.close()));
  }
};
