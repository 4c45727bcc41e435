/** Groups for tests of the server's rules: membership, messages and receipts without a network. */
import type { ConversationRow } from '../../src/model/conversation/conversation.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import type { ReceiptPolicy } from '../../src/protocol/frames.ts';
import type { WireResult } from '../../src/protocol/submit.ts';
import { applyEntries } from '../../src/server/submit/apply-entries.ts';
import { pullPage } from '../../src/server/feed/changes.ts';
import { planFetch, readMessages } from '../../src/server/feed/fetch-messages.ts';
import { changeMembers, type Wanted } from '../../src/server/groups/membership.ts';
import { DEFAULT_POLICY } from '../../src/server/policy.ts';
import { readEntries } from '../../src/server/submit/read-entries.ts';
import type { ServerStore } from '../../src/server/store/server-store.ts';
import type { WireMessage } from '../../src/protocol/changes.ts';

export type Entry = Frame<'submit'>['entries'][number];

let keys = 0;
export const groupMessage = (group: string, id: string, more: object = {}): Entry => ({
  kind: 'message',
  key: `g${++keys}`,
  conversationId: `group:${group}`,
  cursor: null,
  id,
  body: '"hi"',
  receiptRequested: true,
  countable: true,
  ...more,
});
export const groupReceipts = (group: string, registers: object, cursor: string | null = null): Entry => ({
  kind: 'receipts',
  key: `g${++keys}`,
  conversationId: `group:${group}`,
  cursor,
  ...registers,
});
export const groupRecall = (group: string, id: string): Entry => ({
  kind: 'recall',
  key: `g${++keys}`,
  conversationId: `group:${group}`,
  cursor: null,
  id,
});

/** The store with the clock of the test. */
export const withClock = (store: ServerStore, now: () => number): ServerStore => ({
  read: (name, body) => store.read(name, (tx) => body({ ...tx, now: async () => now() })),
  tx: (name, body) => store.tx(name, (tx) => body({ ...tx, now: async () => now() })),
  close: () => store.close(),
});

/** Group receipts are off unless the host turns them on. */
export const RECEIPTS_ON: ReceiptPolicy = { ...DEFAULT_POLICY.receipts, groups: true };

/** A store with a policy, which a test may change. */
export class GroupBench {
  policy: ReceiptPolicy = RECEIPTS_ON;
  constructor(readonly store: ServerStore) {}

  /** Changes the members. @returns the users with a changed membership. */
  members(group: string, wanted: Record<string, 'member' | 'admin' | null>): Promise<readonly string[]> {
    const map: Wanted = new Map(Object.entries(wanted));
    return this.store.tx('members', (tx) => changeMembers(tx, group, map, 'stay'));
  }

  async frame(me: string, ...entries: readonly { key: string }[]) {
    return this.store.tx('submit', (tx) =>
      applyEntries(tx, { userId: me, deviceId: `${me}-phone` }, readEntries(me, entries), {
        mayWrite: () => true,
        receipts: () => this.policy,
      }),
    );
  }

  async submit(me: string, ...entries: readonly { key: string }[]): Promise<readonly WireResult[]> {
    return (await this.frame(me, ...entries)).results;
  }

  viewer(userId: string) {
    return { userId, membersSeeReaders: this.policy.visibleTo === 'members' };
  }

  /** All changes after the cursor. `live` also names the readers of group messages. */
  async pull(me: string, cursor: string | null, names: 'all' | 'none' = 'none'): Promise<Frame<'changes'>[]> {
    const frames: Frame<'changes'>[] = [];
    for (let at = cursor; ;) {
      const here = at;
      const page = await this.store.read('changes', (tx) => pullPage(tx, this.viewer(me), here, cursor === null, names));
      if (!page) throw new Error('the cursor is unknown');
      frames.push(...page.frames);
      at = page.frames[page.frames.length - 1]!.to;
      if (page.complete) return frames;
    }
  }

  async cursor(me: string): Promise<string> {
    return (await this.pull(me, null)).at(-1)!.to;
  }

  async row(me: string, group: string): Promise<ConversationRow | undefined> {
    return (await this.pull(me, null)).flatMap(({ rows }) => rows).find(({ conversationId }) => conversationId === `group:${group}`);
  }

  async fetch(me: string, group: string): Promise<WireMessage[]> {
    const wants = [{ conversationId: `group:${group}` as const, seqs: [[1, 100_000]] as [number, number][], limit: 2000 }];
    const out: WireMessage[] = [];
    for (let plan = await this.store.read('plan', (tx) => planFetch(tx, me, wants, 2000)); plan.ranges.length > 0;) {
      const here = plan;
      const { lists, rest } = await this.store.read('fetch', (tx) => readMessages(tx, this.viewer(me), here, 250_000));
      for (const { messages } of lists.flat()) out.push(...messages);
      plan = rest;
    }
    return out;
  }
}
