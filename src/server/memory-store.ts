/** A server store in memory: transactions run one after another and are undone when they fail. For tests, simulations and trials. */
import { UNMARKED, UNSET } from '../model/flag.ts';
import type { MessageId, UserId } from '../model/ids.ts';
import { fromSeqs } from '../model/ranges.ts';
import { NOTHING_TOLD } from '../model/receipt.ts';
import {
  type ConversationRecord,
  type IslandKind,
  type MemberRecord,
  type MessageRecord,
  type RunRecord,
  type ServerReadTx,
  type ServerStore,
  type ServerTx,
  sortedPair,
  type StepRecord,
} from './server-store.ts';

/** Everything a memory store holds: what a backup would. */
export interface MemoryDump {
  readonly version: number;
  readonly runs: readonly RunRecord[];
  readonly conversations: readonly ConversationRecord[];
  readonly members: readonly MemberRecord[];
  readonly messages: readonly MessageRecord[];
  readonly steps: readonly StepRecord[];
}

export interface MemoryStoreOptions {
  /** The "database's" clock, epoch ms. Default `Date.now`. */
  readonly now?: () => number;
  /** Names this run. Default: random. */
  readonly runId?: string;
  /** Begin from a copy, as a new start of a server does. */
  readonly from?: MemoryDump;
}

export interface MemoryStore extends ServerStore {
  dump(): MemoryDump;
}

const ofKind = (kind: IslandKind, message: MessageRecord, me: UserId): boolean => {
  switch (kind) {
    case 'own':
      return message.senderId === me;
    case 'uncounted':
      return message.senderId === me || !message.countable || message.recalled;
    case 'ackable':
      return message.senderId !== me && message.receiptRequested && !message.recalled;
  }
};

const byVersion = (a: StepRecord, b: StepRecord): number =>
  a.version - b.version || a.conversationId - b.conversationId || a.kind.localeCompare(b.kind) || a.range[0] - b.range[0];

interface Held {
  conversation: ConversationRecord;
  readonly members: Map<UserId, MemberRecord>;
  /** By seq − 1. */
  readonly messages: MessageRecord[];
  readonly steps: StepRecord[];
}

const pairKey = (a: UserId, b: UserId): string => sortedPair(a, b).join('\n');

export const createMemoryStore = ({ now = Date.now, runId, from }: MemoryStoreOptions = {}): MemoryStore => {
  const held = new Map<number, Held>();
  const byPair = new Map<string, Held>();
  const byUser = new Map<UserId, Set<Held>>();
  const byMessageId = new Map<MessageId, MessageRecord>();
  const runs: RunRecord[] = [...(from?.runs ?? [])];
  let version = from?.version ?? 0;

  const conversationsOf = (user: UserId): Set<Held> => {
    let set = byUser.get(user);
    if (!set) byUser.set(user, (set = new Set()));
    return set;
  };
  const add = (conversation: ConversationRecord): Held => {
    const one: Held = { conversation, members: new Map(), messages: [], steps: [] };
    held.set(conversation.id, one);
    byPair.set(pairKey(conversation.userA, conversation.userB), one);
    conversationsOf(conversation.userA).add(one);
    conversationsOf(conversation.userB).add(one);
    return one;
  };
  const remove = (one: Held): void => {
    held.delete(one.conversation.id);
    byPair.delete(pairKey(one.conversation.userA, one.conversation.userB));
    conversationsOf(one.conversation.userA).delete(one);
    conversationsOf(one.conversation.userB).delete(one);
  };

  for (const conversation of from?.conversations ?? []) add(conversation);
  for (const member of from?.members ?? []) held.get(member.conversationId)?.members.set(member.userId, member);
  for (const step of from?.steps ?? []) held.get(step.conversationId)?.steps.push(step);
  for (const message of from?.messages ?? []) {
    const one = held.get(message.conversationId);
    if (one) one.messages[message.seq - 1] = message;
    byMessageId.set(message.id, message);
  }
  const run: RunRecord = {
    number: (runs[runs.length - 1]?.number ?? 0) + 1,
    id: runId ?? crypto.randomUUID().replaceAll('-', ''),
    beganAt: ++version,
  };
  runs.push(run);

  const reads: Omit<ServerReadTx, 'head'> = {
    run,
    now: async () => now(),
    runs: async () => runs,
    conversations: async (me, peers) =>
      peers.flatMap((peer) => byPair.get(pairKey(me, peer))?.conversation ?? []).sort((a, b) => a.id - b.id),
    changedConversations: async (me, { after, upTo }, atLeast) => {
      const changed = [...conversationsOf(me)]
        .map(({ conversation }) => conversation)
        .filter((one) => one.version > after && one.version <= upTo)
        .sort((a, b) => a.version - b.version || a.id - b.id);
      const last = changed[atLeast - 1];
      return last ? changed.filter((one) => one.version <= last.version) : changed;
    },
    members: async (ids) => ids.flatMap((id) => [...(held.get(id)?.members.values() ?? [])]),
    messagesById: async (ids) => [...new Set(ids)].flatMap((id) => byMessageId.get(id) ?? []),
    messagesIn: async (stretches) =>
      stretches.flatMap(({ conversationId, range: [start, upTo] }) => held.get(conversationId)?.messages.slice(start - 1, upTo) ?? []),
    changedMessages: async (ids, { after, upTo }, limit) =>
      ids
        .flatMap((id) => (held.get(id)?.messages ?? []).filter((message) => message.version > after && message.version <= upTo))
        .sort((a, b) => b.version - a.version || a.conversationId - b.conversationId || b.seq - a.seq)
        .slice(0, limit),
    changedSteps: async (ids, me, { after, upTo }, limit) =>
      ids
        .flatMap((id) => (held.get(id)?.steps ?? []).filter((step) => step.userId !== me && step.version > after && step.version <= upTo))
        .sort(byVersion)
        .slice(0, limit),
    stepTimes: async (me, places) =>
      places.flatMap((place) =>
        (held.get(place.conversationId)?.steps ?? [])
          .filter((step) => step.userId !== me && step.range[0] <= place.seq && place.seq <= step.range[1])
          .map(({ kind, at }) => ({ conversationId: place.conversationId, seq: place.seq, kind, at })),
      ),
    islands: async (kind, me, stretches) =>
      stretches.map(({ conversationId, range: [start, upTo] }) =>
        fromSeqs(
          (held.get(conversationId)?.messages.slice(start - 1, upTo) ?? [])
            .filter((message) => ofKind(kind, message, me))
            .map(({ seq }) => seq),
        ),
      ),
  };

  const writes = (at: number, undo: (() => void)[]): ServerTx => ({
    ...reads,
    head: version,
    version: at,
    lockConversations: reads.conversations,
    createConversations: async (me, peers) => {
      for (const peer of new Set(peers)) {
        if (byPair.has(pairKey(me, peer))) continue;
        const [userA, userB] = sortedPair(me, peer);
        const one = add({ id: held.size + 1, userA, userB, latestSeq: 0, firstSeq: 1, version: at });
        for (const userId of [userA, userB])
          one.members.set(userId, {
            conversationId: one.conversation.id,
            userId,
            joinedAt: 0,
            readUpTo: 0,
            readBy: null,
            ...NOTHING_TOLD,
            muted: UNSET,
            marked: UNMARKED,
          });
        undo.push(() => remove(one));
      }
    },
    putConversations: async (records) => {
      for (const record of records) {
        const one = held.get(record.id)!;
        const before = one.conversation;
        one.conversation = record;
        undo.push(() => (one.conversation = before));
      }
    },
    putMembers: async (records) => {
      for (const record of records) {
        const { members } = held.get(record.conversationId)!;
        const before = members.get(record.userId)!;
        members.set(record.userId, record);
        undo.push(() => members.set(record.userId, before));
      }
    },
    insertMessages: async (records) => {
      for (const record of records) {
        const { messages } = held.get(record.conversationId)!;
        if (byMessageId.has(record.id) || messages.length !== record.seq - 1) throw new Error(`message ${record.id} is there already`);
        messages.push(record);
        byMessageId.set(record.id, record);
        undo.push(() => {
          messages.pop();
          byMessageId.delete(record.id);
        });
      }
    },
    putMessages: async (records) => {
      for (const record of records) {
        const { messages } = held.get(record.conversationId)!;
        const before = messages[record.seq - 1]!;
        messages[record.seq - 1] = record;
        byMessageId.set(record.id, record);
        undo.push(() => {
          messages[record.seq - 1] = before;
          byMessageId.set(before.id, before);
        });
      }
    },
    insertSteps: async (records) => {
      for (const record of records) {
        const { steps } = held.get(record.conversationId)!;
        steps.push(record);
        undo.push(() => steps.pop());
      }
    },
  });

  let tail: Promise<unknown> = Promise.resolve();
  let closed = false;
  const inTurn = <T>(body: () => Promise<T>): Promise<T> => {
    if (closed) return Promise.reject(new Error('the store is closed'));
    const turn = tail.then(body);
    tail = turn.catch(() => undefined);
    return turn;
  };

  return {
    read: (_name, body) => inTurn(() => body({ ...reads, head: version })),
    tx: (_name, body) =>
      inTurn(async () => {
        const undo: (() => void)[] = [];
        try {
          const result = await body(writes(version + 1, undo));
          version++;
          return result;
        } catch (error) {
          for (const step of undo.reverse()) step();
          throw error;
        }
      }),
    close: async () => {
      closed = true;
      await tail;
    },
    dump: () => ({
      version,
      runs: [...runs],
      conversations: [...held.values()].map(({ conversation }) => conversation),
      members: [...held.values()].flatMap(({ members }) => [...members.values()]),
      messages: [...held.values()].flatMap(({ messages }) => messages),
      steps: [...held.values()].flatMap(({ steps }) => steps),
    }),
  };
};
