/**
 * A plain model of groups, as arrays and loops: the expected state of the server. The model shares no
 * code with the server.
 */

export interface ModelPolicy {
  groups: boolean;
  mayRequest: 'members' | 'admins';
  windowMs: number;
  maxMembers: number;
  visibleTo: 'sender' | 'members';
}

interface ModelAck {
  readonly user: string;
  readonly at: number;
  readonly text: string | null;
}

interface ModelMessage {
  readonly id: string;
  readonly seq: number;
  readonly sender: string;
  readonly countable: boolean;
  readonly asked: boolean;
  recalled: boolean;
  /** The expected readers of the message; null without a receipt request. */
  readers: string[] | null;
  readonly expiresAt: number;
  expired: boolean;
  acks: ModelAck[];
}

interface ModelMember {
  role: 'member' | 'admin' | null;
  joinedAt: number;
  position: number;
  /** The `seq`s of all messages from the times of this member in the group. */
  readonly present: Set<number>;
  readonly named: Set<number>;
}

export class GroupModel {
  now = 1000;
  policy: ModelPolicy = { groups: true, mayRequest: 'members', windowMs: 300, maxMembers: 4, visibleTo: 'sender' };
  readonly messages: ModelMessage[] = [];
  readonly members = new Map<string, ModelMember>();

  join(user: string, role: 'member' | 'admin'): void {
    const there = this.members.get(user);
    if (!there) {
      this.members.set(user, { role, joinedAt: this.messages.length, position: 0, present: new Set(), named: new Set() });
      return;
    }
    if (there.role === null) there.joinedAt = this.messages.length;
    there.role = role;
  }

  leave(user: string): void {
    const there = this.members.get(user);
    if (!there || there.role === null) return;
    there.role = null;
    there.joinedAt = this.messages.length;
  }

  send(user: string, id: string, asks: boolean, countable: boolean): string {
    const before = this.messages.find((one) => one.id === id);
    const same = before?.sender === user && before.countable === countable && (before.asked === asks || (asks && !before.asked));
    if (same) return `confirmed ${before.seq}`;
    const me = this.members.get(user);
    if (!me || me.role === null) return 'rejected/no-such-conversation';
    if (before) return 'rejected/id-conflict';
    if (asks && !this.policy.groups) return 'rejected/group-receipts-disabled';
    if (asks && this.policy.mayRequest === 'admins' && me.role !== 'admin') return 'rejected/permission-denied';
    const here: string[] = [];
    for (const [name, { role }] of this.members) if (role !== null) here.push(name);
    const asked = asks && here.length <= this.policy.maxMembers;
    const seq = this.messages.length + 1;
    this.messages.push({
      id,
      seq,
      sender: user,
      countable,
      asked,
      recalled: false,
      readers: asked ? here.filter((name) => name !== user) : null,
      expiresAt: this.now + this.policy.windowMs,
      expired: false,
      acks: [],
    });
    for (const name of here) this.members.get(name)!.present.add(seq);
    return `confirmed ${seq}`;
  }

  recall(user: string, id: string): string {
    const message = this.messages.find((one) => one.id === id);
    if (message?.sender === user && message.recalled) return 'confirmed';
    const me = this.members.get(user);
    if (!me || me.role === null) return 'rejected/no-such-conversation';
    if (!message) return 'rejected/unknown-message';
    if (message.sender !== user) return 'rejected/permission-denied';
    message.recalled = true;
    message.readers = null;
    message.acks = [];
    return 'confirmed';
  }

  /** @returns the outcome, with the refused ids. */
  ack(user: string, seqs: readonly number[], ids: readonly string[], position: number, text: string | null): string {
    const me = this.members.get(user);
    if (!me) return 'rejected/no-such-conversation';
    const gone = me.role === null;
    const refused: string[] = [];
    const named = new Set(seqs);
    for (const id of ids) {
      const message = this.messages.find((one) => one.id === id);
      if (!message || (gone && message.seq > me.joinedAt)) refused.push(`${id} rejected/unknown-message`);
      else named.add(message.seq);
    }
    const fresh: ModelMessage[] = [];
    const late: ModelMessage[] = [];
    for (const message of this.messages) {
      if (!named.has(message.seq) || me.named.has(message.seq) || !message.readers?.includes(user)) continue;
      if (message.expired || this.now > message.expiresAt) late.push(message);
      else fresh.push(message);
    }
    for (const message of late) refused.push(`${message.id} rejected/receipt-expired`);
    const bound = Math.min(position, gone ? me.joinedAt : this.messages.length);
    if (gone) return fresh.length > 0 || refused.length > 0 || bound > me.position ? 'rejected/no-such-conversation' : 'confirmed';
    for (const message of late) message.expired = true;
    for (const message of fresh) {
      message.acks.push({ user, at: this.now, text: message.id === ids[0] ? text : null });
      me.named.add(message.seq);
    }
    me.position = Math.max(me.position, bound);
    return ['confirmed', ...refused.sort()].join(' ');
  }

  sweep(): void {
    for (const message of this.messages)
      if (message.readers && this.now > message.expiresAt && message.acks.length < message.readers.length) message.expired = true;
  }

  unread(user: string): number {
    const me = this.members.get(user);
    if (!me || me.role === null) return 0;
    let count = 0;
    for (const { seq, sender, countable, recalled } of this.messages)
      if (seq > me.position && seq > me.joinedAt && sender !== user && countable && !recalled) count++;
    return count;
  }

  sees(user: string, message: ModelMessage): boolean {
    return message.sender === user || this.policy.visibleTo === 'members';
  }
}
