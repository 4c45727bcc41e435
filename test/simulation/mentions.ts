/** Whom messages mention: drawn from the seed, and counted by plain loops. */
import type { Mentions } from '../../src/model/message/mentions.ts';
import type { SeededRandom } from '../../src/testing/random.ts';

/** No user most of the time, else all, or some users, the sender and a user of no conversation among them. */
export const drawMentions = (random: SeededRandom, users: readonly string[]): Mentions | undefined => {
  if (random.chance(0.6)) return undefined;
  if (random.chance(0.35)) return 'all';
  const some = [...users, 'nn'].filter(() => random.chance(0.5));
  return some.length > 0 ? some.sort() : undefined;
};

/** The users mentioned by a message, as a text. */
export const mentionText = (mentions: Mentions | null | undefined): string =>
  mentions === 'all' ? 'all' : JSON.stringify([...(mentions ?? [])].sort());

interface Mentioning {
  readonly senderId: string;
  readonly recalled: boolean;
  readonly mentions: Mentions | null;
}

export const isMentioned = ({ senderId, mentions, recalled }: Mentioning, user: string): boolean =>
  senderId !== user && !recalled && (mentions === 'all' || mentions?.includes(user) === true);
