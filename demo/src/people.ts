/** Who is in this demo, and what they have to say. */
import type { ConversationId, UserId } from 'tidemark';

export type PhoneOwner = 'alice' | 'bob';

export const PHONE_OWNERS: readonly PhoneOwner[] = ['alice', 'bob'];

export interface Person {
  readonly name: string;
  /** Of the portrait's background. */
  readonly hue: number;
}

const PEOPLE: Readonly<Record<string, Person>> = {
  alice: { name: 'Alice', hue: 262 },
  bob: { name: 'Bob', hue: 24 },
  carol: { name: 'Carol', hue: 338 },
  dan: { name: 'Dan', hue: 212 },
};

export const person = (userId: UserId): Person => PEOPLE[userId] ?? { name: userId, hue: 180 };

export const direct = (userId: UserId): ConversationId => `direct:${userId}`;

export const peerOf = (conversationId: ConversationId): UserId => conversationId.slice(conversationId.indexOf(':') + 1);

export interface Line {
  /** The same on every start, so that sending it again changes nothing. */
  readonly id: string;
  readonly from: UserId;
  readonly to: UserId;
  readonly text: string;
}

/** What was said before you came. In order. */
export const OPENING: readonly Line[] = [
  { id: 'demo-opening-1', from: 'alice', to: 'bob', text: 'Morning! The boat leaves at nine.' },
  { id: 'demo-opening-2', from: 'alice', to: 'bob', text: 'High tide is at half past, so do not be late.' },
  { id: 'demo-opening-3', from: 'alice', to: 'bob', text: 'There is no signal past the lighthouse.' },
  { id: 'demo-opening-4', from: 'carol', to: 'bob', text: 'Did you find the tide tables?' },
  { id: 'demo-opening-5', from: 'carol', to: 'bob', text: 'Third shelf, next to the charts.' },
  { id: 'demo-opening-6', from: 'carol', to: 'alice', text: 'I left the thermos on the jetty.' },
  { id: 'demo-opening-7', from: 'dan', to: 'alice', text: 'Save me a seat on the sunny side?' },
  { id: 'demo-opening-8', from: 'dan', to: 'alice', text: 'I am bringing oranges.' },
  { id: 'demo-opening-9', from: 'bob', to: 'dan', text: 'Are you coming along tomorrow?' },
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

/** Something new to say. */
export const chatter = (): string => CHATTER[spoken++ % CHATTER.length] ?? '';
