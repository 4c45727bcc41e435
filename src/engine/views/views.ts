/**
 * Views: what a page watches of the account state.
 *
 *   writer ── a write changed something ──> when? ──> conflate ──> read the state ──> tell, if the value changed
 *
 * The state changes only by committed log records, so a view never shows half a write.
 */
import type { ConversationId, Seq } from '../../model/ids.ts';
import { range } from '../../model/registers/ranges.ts';
import type { ObservableValue } from '../../model/observable-value.ts';
import { valuesOf } from '../../model/message/receipt-settings.ts';
import type { Topic, TopicValue, Watcher } from '../../model/api/topic.ts';
import { pickTotal, sameTotals } from '../../model/conversation/total.ts';
import type { Cancel, LeaderStatus, Ports } from '../../ports/ports.ts';
import { readStored } from '../present/read-messages.ts';
import { findAnywhere } from '../present/find-message.ts';
import type { Dirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';
import { watchEvents } from './events.ts';
import { readsFilter } from './reads.ts';
import { type View, watchView } from './view.ts';
import { readShownMessages, readShownReceipts, sameMessages } from './messages.ts';
import { presentReceipts } from '../present/present-receipts.ts';
import { listConversations, type Place, placeOf } from '../present/list-conversations.ts';
import { presentConversation } from '../present/present-conversation.ts';

/** What the views need beside the account state. */
export interface ViewSources {
  readonly leader: Pick<ObservableValue<LeaderStatus & { readonly leader: boolean }>, 'value' | 'listen'>;
  /** The app has opened a conversation: missing messages among its newest `limit` messages are fetched. */
  readonly opened: (conversationId: ConversationId, limit: number) => void;
  /** The app shows the place of a message that this device does not store: the message is fetched. */
  readonly needed: (conversationId: ConversationId, seq: Seq) => void;
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((item, i) => item === b[i]);
const sameFields = <T extends object>(a: T, b: T): boolean =>
  (Object.keys(a) as (keyof T)[]).every((key) => a[key] === b[key]) && Object.keys(a).length === Object.keys(b).length;

const changes =
  (id: ConversationId) =>
  ({ conversations }: Dirty): boolean =>
    conversations.has(id);

/** Known only after the first complete snapshot: before it every count would be a guess. */
const known = <T>({ when, read, ...view }: View<T>): View<T> => ({
  ...view,
  when: (dirty) => dirty.known || when(dirty),
  read: (model) => (model.cursor === null ? undefined : read(model)),
});

type ViewOf = { readonly [T in Topic as Exclude<T['of'], 'events'>]: (topic: T) => View<TopicValue[T['of']]> };

const viewsOf = (ports: Pick<Ports, 'store'>, writer: Writer, { leader, opened, needed }: ViewSources): ViewOf => ({
  'total-unread': ({ wanted }) => known({ when: ({ shown }) => shown, read: ({ totals }) => pickTotal(totals, wanted) }),

  badge: () => ({
    when: ({ shown }) => shown,
    read: (model) => (model.cursor === null ? null : model.totals),
    same: sameTotals,
  }),

  reads: () => {
    let moments = 0;
    return known({ when: readsFilter(() => writer.model), read: () => ++moments });
  },

  unread: ({ conversationId: id }) => known({ when: changes(id), read: (model) => model.get(id)?.unread.unreadCount ?? 0 }),

  mentions: ({ conversationId: id }) => known({ when: changes(id), read: (model) => model.get(id)?.mentions.mentionCount ?? 0 }),

  conversations: (wanted) => {
    const { before } = wanted;
    // The place stays where the conversation was at first: otherwise a new message in that conversation would move the whole page.
    let place: Place | undefined;
    return known({
      when: ({ shown }) => shown,
      read: (model) => {
        const conversation = before && model.get(before);
        if (conversation) place ??= placeOf(conversation);
        if (before && !place) return [];
        return listConversations(model, wanted, place).map((one) => presentConversation(model, one));
      },
      same: sameList,
    });
  },

  conversation: ({ conversationId: id }) =>
    known({
      when: changes(id),
      read: (model) => {
        const conversation = model.get(id);
        return conversation ? presentConversation(model, conversation) : null;
      },
    }),

  messages: ({ conversationId: id, limit }) => ({
    when: ({ conversations, deadLetters }) => conversations.has(id) || deadLetters,
    read: () => {
      opened(id, limit);
      return readShownMessages(writer, id, limit);
    },
    same: sameMessages,
  }),

  'message-id': ({ conversationId: id, seq }) => ({
    when: changes(id),
    read: () =>
      writer.read('message-id', async (model, tx) => {
        const conversation = model.get(id);
        const [message] = conversation ? await readStored(tx, conversation, range(seq, seq)) : [];
        if (!message) needed(id, seq);
        return message?.id ?? null;
      }),
  }),

  receipts: ({ messageId: id }) => {
    // A message never changes its conversation. Before the message is stored, any conversation may bring it.
    let where: ConversationId | null = null;
    return {
      when: ({ conversations }) => (where ? conversations.has(where) : conversations.size > 0),
      read: (model) => {
        const pending = model.findPending(id);
        if (pending) {
          where = pending.conversationId;
          return presentReceipts.pending(pending);
        }
        return writer.read('find-receipts', async (now, tx) => {
          const found = await findAnywhere(tx, now, id);
          where = found?.conversation.id ?? null;
          return found ? presentReceipts.stored(now, found.conversation, found.message) : null;
        });
      },
      same: (a, b) => (a && b ? sameFields(a, b) : a === b),
    };
  },

  'receipts-in': ({ conversationId: id, limit }) => ({
    when: changes(id),
    read: () => readShownReceipts(writer, id, limit),
    same: (a, b) => a.length === b.length && a.every((one, i) => sameFields(one, b[i]!)),
  }),

  connection: () => ({
    when: ({ settings, asOf }) => settings || asOf,
    beside: leader,
    read: ({ paused, asOf }) => {
      const { state, retryAt, error, leader: leads } = leader.value;
      return {
        // The hint of a pause may arrive before or after the leader tab reports the end of its connection.
        ...(paused && state !== 'stopped' ? { state: 'offline', retryAt: null } : { state, retryAt }),
        paused,
        leader: leads,
        error,
        durability: ports.store.durability,
        // Only the page can ask the browser for this value.
        persisted: null,
        asOf,
      };
    },
    same: sameFields,
  }),

  outbox: () => ({
    when: ({ outbox }) => outbox,
    beside: leader,
    read: ({ outbox }) => {
      let oldestAt: number | null = null;
      for (const { at } of outbox.values()) oldestAt = oldestAt === null ? at : Math.min(oldestAt, at);
      return { pending: outbox.size, oldestAt, inFlight: Math.min(leader.value.inFlight, outbox.size) };
    },
    same: sameFields,
  }),

  'dead-letters': () => ({
    when: ({ deadLetters }) => deadLetters,
    read: (model) => model.deadLetters.map(({ letter }) => letter),
    same: sameList,
  }),

  // Before the first snapshot, the account's settings would be a guess.
  'receipt-settings': () =>
    known({
      when: ({ settings }) => settings,
      read: (model) => ({ ...model.allowed, device: model.settings, account: valuesOf(model.accountSettings) }),
      same: (a, b) => sameFields(a.device, b.device) && sameFields(a.account, b.account),
    }),
});

/** Watches topics of one account. */
export type Watch = <T extends Topic>(topic: T, watcher: Watcher<TopicValue[T['of']]>) => Cancel;

export const createViews = (ports: Pick<Ports, 'clock' | 'store' | 'log'>, writer: Writer, sources: ViewSources): Watch => {
  const views = viewsOf(ports, writer, sources);
  return (topic, watcher) => {
    if (topic.of === 'events') return watchEvents(ports, writer, topic.after ?? 0, watcher as Watcher<TopicValue['events']>);
    const viewOf = views[topic.of] as (topic: Topic) => View<unknown>;
    return watchView(ports.clock, writer, viewOf(topic), watcher as Watcher<unknown>);
  };
};
