/**
 * Views: what a page watches of the account state.
 *
 *   writer ── a write changed something ──> when? ──> conflate ──> read the state ──> tell, if the value changed
 *
 * The state changes only by committed log records, so a view never shows half a write.
 */
import type { Conversation } from '../../model/conversation/conversation.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import { range } from '../../model/registers/ranges.ts';
import type { ObservableValue } from '../../model/observable-value.ts';
import type { Message } from '../../model/message/message.ts';
import type { DeadLetter } from '../../model/outbox-entry.ts';
import type { MessageReceipts } from '../../model/message/receipt.ts';
import { type ShownReceiptSettings, valuesOf } from '../../model/message/receipt-settings.ts';
import type { ConnectionStatus, OutboxStatus } from '../../model/api/status.ts';
import type { ListWanted } from '../../model/conversation/list.ts';
import type { Topic, TopicValue, Watcher } from '../../model/api/topic.ts';
import { pickTotal, sameTotals, type TotalOptions, type Totals } from '../../model/conversation/total.ts';
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

export class Views {
  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'store' | 'log'>,
    private readonly writer: Writer,
    private readonly sources: ViewSources,
  ) {}

  /** @returns stops it. */
  watch<T extends Topic>(topic: T, watcher: Watcher<TopicValue[T['of']]>): Cancel {
    const { ports, writer } = this;
    if (topic.of === 'events') return watchEvents(ports, writer, topic.after ?? 0, watcher as Watcher<TopicValue['events']>);
    return watchView(ports.clock, writer, this.viewOf(topic) as View<TopicValue[T['of']]>, watcher);
  }

  private viewOf(topic: Exclude<Topic, { readonly of: 'events' }>): View<TopicValue[Topic['of']]> {
    switch (topic.of) {
      case 'total-unread':
        return this.total(topic.wanted);
      case 'badge':
        return this.badge();
      case 'unread':
        return this.unreadCount(topic.conversationId);
      case 'mentions':
        return this.mentionCount(topic.conversationId);
      case 'conversations':
        return this.conversations(topic);
      case 'conversation':
        return this.conversation(topic.conversationId);
      case 'messages':
        return this.messages(topic.conversationId, topic.limit);
      case 'message-id':
        return this.messageId(topic.conversationId, topic.seq);
      case 'receipts':
        return this.receipts(topic.messageId);
      case 'receipts-in':
        return this.receiptsIn(topic.conversationId, topic.limit);
      case 'reads':
        return this.reads();
      case 'connection':
        return this.connection();
      case 'outbox':
        return this.outbox();
      case 'dead-letters':
        return this.deadLetters();
      case 'receipt-settings':
        return this.receiptSettings();
    }
  }

  /** Known only after the first complete snapshot: before it every count would be a guess. */
  private known<T>({ when, read, ...view }: View<T>): View<T> {
    return {
      ...view,
      when: (dirty) => dirty.known || when(dirty),
      read: (model) => (model.cursor === null ? undefined : read(model)),
    };
  }

  private total(wanted: TotalOptions | undefined): View<number> {
    return this.known({ when: ({ shown }) => shown, read: ({ totals }) => pickTotal(totals, wanted) });
  }

  private badge(): View<Totals | null> {
    return {
      when: ({ shown, known }) => shown || known,
      read: (model) => (model.cursor === null ? null : model.totals),
      same: sameTotals,
    };
  }

  private reads(): View<number> {
    let moments = 0;
    return this.known({ when: readsFilter(() => this.writer.model), read: () => ++moments });
  }

  private unreadCount(id: ConversationId): View<number> {
    return this.known({ when: changes(id), read: (model) => model.get(id)?.unread.unreadCount ?? 0 });
  }

  private mentionCount(id: ConversationId): View<number> {
    return this.known({ when: changes(id), read: (model) => model.get(id)?.mentions.mentionCount ?? 0 });
  }

  private conversations(wanted: ListWanted): View<readonly Conversation[]> {
    const { before } = wanted;
    // The place stays where the conversation was at first: otherwise a new message in that conversation would move the whole page.
    let place: Place | undefined;
    return this.known<readonly Conversation[]>({
      when: ({ shown }) => shown,
      read: (model) => {
        const conversation = before && model.get(before);
        if (conversation) place ??= placeOf(conversation);
        if (before && !place) return [];
        return listConversations(model, wanted, place).map((one) => presentConversation(model, one));
      },
      same: sameList,
    });
  }

  private conversation(id: ConversationId): View<Conversation | null> {
    return this.known({
      when: changes(id),
      read: (model) => {
        const conversation = model.get(id);
        return conversation ? presentConversation(model, conversation) : null;
      },
    });
  }

  private messages(id: ConversationId, limit: number): View<readonly Message[]> {
    return {
      when: ({ conversations, deadLetters }) => conversations.has(id) || deadLetters,
      read: () => {
        this.sources.opened(id, limit);
        return readShownMessages(this.writer, id, limit);
      },
      same: sameMessages,
    };
  }

  private messageId(id: ConversationId, seq: Seq): View<MessageId | null> {
    return {
      when: changes(id),
      read: () =>
        this.writer.read('message-id', async (model, tx) => {
          const conversation = model.get(id);
          const [message] = conversation ? await readStored(tx, conversation, range(seq, seq)) : [];
          if (!message) this.sources.needed(id, seq);
          return message?.id ?? null;
        }),
    };
  }

  private receipts(id: MessageId): View<MessageReceipts | null> {
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
        return this.writer.read('find-receipts', async (now, tx) => {
          const found = await findAnywhere(tx, now, id);
          where = found?.conversation.id ?? null;
          return found ? presentReceipts.stored(now, found.conversation, found.message) : null;
        });
      },
      same: (a, b) => (a && b ? sameFields(a, b) : a === b),
    };
  }

  private receiptsIn(id: ConversationId, limit: number): View<readonly MessageReceipts[]> {
    return {
      when: changes(id),
      read: () => readShownReceipts(this.writer, id, limit),
      same: (a, b) => a.length === b.length && a.every((one, i) => sameFields(one, b[i]!)),
    };
  }

  private connection(): View<ConnectionStatus> {
    const { leader } = this.sources;
    return {
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
          durability: this.ports.store.durability,
          // Only the page can ask the browser for this value.
          persisted: null,
          asOf,
        };
      },
      same: sameFields,
    };
  }

  private outbox(): View<OutboxStatus> {
    const { leader } = this.sources;
    return {
      when: ({ outbox }) => outbox,
      beside: leader,
      read: ({ outbox }) => {
        let oldestAt: number | null = null;
        for (const { at } of outbox.values()) oldestAt = oldestAt === null ? at : Math.min(oldestAt, at);
        return { pending: outbox.size, oldestAt, inFlight: Math.min(leader.value.inFlight, outbox.size) };
      },
      same: sameFields,
    };
  }

  private deadLetters(): View<readonly DeadLetter[]> {
    return {
      when: ({ deadLetters }) => deadLetters,
      read: (model) => model.deadLetters.map(({ letter }) => letter),
      same: sameList,
    };
  }

  /** Before the first snapshot, the account's settings would be a guess. */
  private receiptSettings(): View<ShownReceiptSettings> {
    return this.known({
      when: ({ settings }) => settings,
      read: (model) => ({ ...model.allowed, device: model.settings, account: valuesOf(model.accountSettings) }),
      same: (a, b) => sameFields(a.device, b.device) && sameFields(a.account, b.account),
    });
  }
}
