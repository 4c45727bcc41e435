/** The people without a phone on this page: each is a client for as long as it takes to write. */
import type { ReceiptClient, UserId } from 'tidemark';
import { openAccount } from './account.ts';
import { chatter, direct, type Line, OPENING, PHONE_OWNERS } from './people.ts';

const OTHERS: readonly UserId[] = ['carol', 'dan'];

const say = async (client: ReceiptClient, lines: readonly Line[]): Promise<void> => {
  for (const { id, to, text } of lines) await client.sendMessage(direct(to), text, { id });
};

const speak = async (userId: UserId, lines: readonly Line[]): Promise<boolean> => {
  const client = openAccount(userId);
  try {
    await say(client, lines);
    // What does not leave now stays in that person's outbox and leaves the next time they write.
    const { pending } = await client.flush({ timeoutMs: 6000 });
    return pending === 0;
  } finally {
    await client.close();
  }
};

/** Carol and Dan each write once to both phones. False where the server could not be reached yet. */
export const letOthersWrite = async (): Promise<boolean> => {
  const lines = OTHERS.flatMap((from) => PHONE_OWNERS.map((to) => ({ id: crypto.randomUUID(), from, to, text: chatter() })));
  const sent = await Promise.all(
    OTHERS.map((from) =>
      speak(
        from,
        lines.filter((line) => line.from === from),
      ),
    ),
  );
  return sent.every(Boolean);
};

/** Says what was said before you came. Its ids are fixed, so it is said once however often this runs. */
export const openTheScene = async (phones: readonly ReceiptClient[]): Promise<void> => {
  const by = (userId: UserId): Line[] => OPENING.filter((line) => line.from === userId);
  await Promise.all(OTHERS.map((userId) => speak(userId, by(userId))));
  // Last, so that the phones top each other's lists.
  await Promise.all(phones.map((client) => say(client, by(client.userId))));
};
