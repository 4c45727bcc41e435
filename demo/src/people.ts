/** The people of this demo, and their messages. */
import type { ConversationId, UserId } from 'tidemark';

export type PhoneOwner = 'alice' | 'bob';

export const PHONE_OWNERS: readonly PhoneOwner[] = ['alice', 'bob'];

export interface Person {
  readonly name: string;
  /** The hue of the portrait's background. */
  readonly hue: number;
}

const PEOPLE: Readonly<Record<string, Person>> = {
  alice: { name: 'Alice', hue: 262 },
  bob: { name: 'Bob', hue: 24 },
  carol: { name: 'Carol', hue: 338 },
  dan: { name: 'Dan', hue: 212 },
  erin: { name: 'Erin', hue: 150 },
  finn: { name: 'Finn', hue: 88 },
};

/** The people without a phone on this page. */
export const OTHERS: readonly UserId[] = ['carol', 'dan', 'erin', 'finn'];

export const person = (userId: UserId): Person => PEOPLE[userId] ?? { name: userId, hue: 180 };

export const direct = (userId: UserId): ConversationId => `direct:${userId}`;

/** The only group of this demo. All people are members at first. */
export const CREW = { id: 'crew', name: 'Crew', hue: 240 } as const;

export const CREW_CHAT: ConversationId = `group:${CREW.id}`;

export const CREW_MEMBERS: readonly UserId[] = [...PHONE_OWNERS, ...OTHERS];

export const isGroup = (conversationId: ConversationId): boolean => conversationId.startsWith('group:');

/** The other side of a conversation: the peer, or the group. */
export const chatPartner = (conversationId: ConversationId): Person => {
  const id = conversationId.slice(conversationId.indexOf(':') + 1);
  if (!isGroup(conversationId)) return person(id);
  return id === CREW.id ? CREW : { name: id, hue: CREW.hue };
};

/** Whom a text mentions in the group, by `@` and a name: `@all`, or `@Carol`. */
export const mentionedIn = (text: string): 'all' | readonly UserId[] => {
  const names = [...text.matchAll(/@(\p{L}+)/gu)].map(([, name = '']) => name.toLowerCase());
  return names.includes('all') ? 'all' : CREW_MEMBERS.filter((member) => names.includes(person(member).name.toLowerCase()));
};

export interface Line {
  /** The message id, the same on every start, so a repeated message changes nothing. */
  readonly id: string;
  readonly from: UserId;
  readonly to: ConversationId;
  readonly text: string;
  /** Default: the library's default, which asks for receipts in direct chats only. */
  readonly requestReceipt?: boolean;
}

/** The opening messages, in order. */
export const OPENING: readonly Line[] = [
  { id: 'demo-opening-1', from: 'alice', to: direct('bob'), text: 'Morning! The boat leaves at nine.' },
  { id: 'demo-opening-2', from: 'alice', to: direct('bob'), text: 'High tide is at half past, so do not be late.' },
  { id: 'demo-opening-3', from: 'alice', to: direct('bob'), text: 'There is no signal past the lighthouse.' },
  { id: 'demo-opening-4', from: 'carol', to: direct('bob'), text: 'Did you find the tide tables?' },
  { id: 'demo-opening-5', from: 'carol', to: direct('bob'), text: 'Third shelf, next to the charts.' },
  { id: 'demo-opening-6', from: 'carol', to: direct('alice'), text: 'I left the thermos on the jetty.' },
  { id: 'demo-opening-7', from: 'dan', to: direct('alice'), text: 'Save me a seat on the sunny side?' },
  { id: 'demo-opening-8', from: 'dan', to: direct('alice'), text: 'I am bringing oranges.' },
  { id: 'demo-opening-9', from: 'bob', to: direct('dan'), text: 'Are you coming along tomorrow?' },
  { id: 'demo-opening-10', from: 'erin', to: CREW_CHAT, text: 'Charts and flares are on board.', requestReceipt: true },
  { id: 'demo-opening-11', from: 'alice', to: CREW_CHAT, text: 'All aboard by quarter to nine, please.', requestReceipt: true },
];

const CHATTER = [
  'The gulls have stolen my sandwich.',
  'It is clearing up over here.',
  'Are you there already?',
  'Call me when you are back in range.',
  'Photos to follow!',
  'The wind turns at noon.',
  'I can see the lighthouse from here.',
  'Two more for dinner, is that fine?',
  'Found it, never mind.',
  'Look at the moon tonight.',
];

let spoken = Math.floor(Math.random() * CHATTER.length);

/** The next text to send. */
export const chatter = (): string => CHATTER[spoken++ % CHATTER.length] ?? '';
