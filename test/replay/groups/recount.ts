/**
 * The expected result of the traffic as groups, recounted from the file by the rules alone: plain lists and
 * loops, sharing no code with the product or with the player of the traffic. Every channel-day is a group. A
 * person is a member from their first line of that day until their departure, and again from their next line.
 * Every text is a message, and every tenth message requests receipts, unless the group has more members than
 * the policy allows. A person who writes, or joins again, has read all messages of the group: receipts are
 * sent for messages that requested one during the membership, and the position moves to the newest message.
 */
import type { Line } from '../traffic.ts';

const ASKS_EVERY = 10;

export interface RecountedMessage {
  /** Numbers begin at 1. */
  readonly number: number;
  readonly from: string;
  readonly text: string;
  readonly asks: boolean;
  /** The members when the message was sent, without its sender. */
  readonly members: ReadonlySet<string>;
  readonly readBy: Set<string>;
}

export class RecountedGroup {
  readonly messages: RecountedMessage[] = [];
  /** The members now. */
  readonly now = new Set<string>();
  /** All present and former members, and the messages sent during their memberships. */
  readonly present = new Map<string, number[]>();
  /** The newest message at each member's last join. */
  readonly joinedAfter = new Map<string, number>();
  /** The read position of each member. */
  readonly position = new Map<string, number>();

  constructor(readonly name: string) {}

  unread(person: string): number {
    if (!this.now.has(person)) return 0;
    const from = Math.max(this.position.get(person) ?? 0, this.joinedAfter.get(person) ?? 0);
    return this.messages.filter((message) => message.number > from && message.from !== person).length;
  }

  asking(): RecountedMessage[] {
    return this.messages.filter(({ asks }) => asks);
  }
}

export class Recount {
  readonly groups = new Map<string, RecountedGroup>();
  readonly #groupsOf = new Map<string, RecountedGroup[]>();

  constructor(
    lines: readonly Line[],
    private readonly maxMembers: number,
  ) {
    for (const line of lines) {
      let group = this.groups.get(line.day);
      if (!group) this.groups.set(line.day, (group = new RecountedGroup(line.day)));
      this.#play(group, line);
    }
  }

  #play(group: RecountedGroup, { person, kind, text }: Line): void {
    if (kind === 'leave') {
      group.now.delete(person);
      return;
    }
    const wasHere = group.present.has(person);
    if (!group.now.has(person)) {
      group.now.add(person);
      group.joinedAfter.set(person, group.messages.length);
      if (!wasHere) {
        group.present.set(person, []);
        this.#groupsOf.set(person, [...this.groupsOf(person), group]);
      }
    }
    if (kind === 'join' && !wasHere) return;
    for (const message of group.messages) if (message.asks && message.members.has(person)) message.readBy.add(person);
    group.position.set(person, group.messages.length);
    if (kind === 'join') return;
    const number = group.messages.length + 1;
    const members = new Set(group.now);
    for (const member of members) group.present.get(member)!.push(number);
    members.delete(person);
    const asks = (number - 1) % ASKS_EVERY === 0 && group.now.size <= this.maxMembers;
    group.messages.push({ number, from: person, text, asks, members, readBy: new Set() });
  }

  people(): string[] {
    return [...this.#groupsOf.keys()];
  }

  /** The groups in which the person has ever been a member. */
  groupsOf(person: string): readonly RecountedGroup[] {
    return this.#groupsOf.get(person) ?? [];
  }

  totalUnread(person: string): number {
    return this.groupsOf(person).reduce((total, group) => total + group.unread(person), 0);
  }

  messages(): number {
    let count = 0;
    for (const { messages } of this.groups.values()) count += messages.length;
    return count;
  }
}
