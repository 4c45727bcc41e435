/**
 * Views: observables over the account state.
 *
 *   writer ── a write changed something ──> filter ──> conflate ──> read the state ──> emit, if the value changed
 *
 * The state changes only by committed log records, so a view never shows half a write.
 */
import { distinctUntilChanged, filter, map, type Observable } from 'rxjs';
import type { Conversation } from '../../model/conversation.ts';
import type { ConversationId, MessageId, Seq } from '../../model/ids.ts';
import { range } from '../../model/ranges.ts';
import type { Message } from '../../model/message.ts';
import type { DeadLetter } from '../../model/outbox-entry.ts';
import type { MessageReceipts } from '../../model/receipt.ts';
import { type ShownReceiptSettings, valuesOf } from '../../model/receipt-settings.ts';
import type { ConnectionStatus, OutboxStatus } from '../../model/status.ts';
import type { ListWanted } from '../../model/list.ts';
import type { Topic, TopicValue } from '../../model/topic.ts';
import { pickTotal, sameTotals, type TotalOptions, type Totals } from '../../model/total.ts';
import type { LeaderStatus, Ports } from '../../ports/ports.ts';
import { readStored } from '../present/read-messages.ts';
import { findAnywhere } from '../present/find-message.ts';
import type { AccountState } from '../state/account-state.ts';
import type { Dirty } from '../state/dirty.ts';
import type { Writer } from '../write/writer.ts';
import { conflated } from './conflate.ts';
import { beside, reading } from './operators.ts';
import { watchEvents } from './events.ts';
import { readsFilter } from './reads.ts';
import { readShownMessages, readShownReceipts, sameMessages } from './messages.ts';
import { presentReceipts } from '../present/present-receipts.ts';
import { listConversations, type Place, placeOf } from '../present/list-conversations.ts';
import { presentConversation } from '../present/present-conversation.ts';

/** What the views need beside the account state. */
export interface ViewSources {
  readonly leader$: Observable<LeaderStatus & { readonly leader: boolean }>;
  /** The app has opened a conversation: missing messages among its newest `limit` messages are fetched. */
  readonly opened: (conversationId: ConversationId, limit: number) => void;
  /** The app shows the place of a message that this device does not store: the message is fetched. */
  readonly needed: (conversationId: ConversationId, seq: Seq) => void;
}

const sameList = <T>(a: readonly T[], b: readonly T[]): boolean => a.length === b.length && a.every((item, i) => item === b[i]);
const sameFields = <T extends object>(a: T, b: T): boolean =>
  (Object.keys(a) as (keyof T)[]).every((key) => a[key] === b[key]) && Object.keys(a).length === Object.keys(b).length;

export class Views {
  constructor(
    private readonly ports: Pick<Ports, 'clock' | 'store' | 'log'>,
    private readonly writer: Writer,
    private readonly sources: ViewSources,
  ) {}

  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return this.open(topic) as Observable<TopicValue[T['of']]>;
  }

  private open(topic: Topic): Observable<TopicValue[Topic['of']]> {
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
      case 'events':
        return watchEvents(this.ports, this.writer, topic.after ?? 0);
    }
  }

  /** Emits the account state at once and after each change that `when` selects. */
  private states(when: (dirty: Dirty) => boolean): Observable<AccountState> {
    return conflated(this.ports.clock, this.writer, when).pipe(map(() => this.writer.model));
  }

  /** Emits as {@link states}, but only after the first complete snapshot: before it every count would be a guess. */
  private knownStates(when: (dirty: Dirty) => boolean): Observable<AccountState> {
    return this.states((dirty) => dirty.known || when(dirty)).pipe(filter(({ cursor }) => cursor !== null));
  }

  private total(wanted: TotalOptions | undefined): Observable<number> {
    return this.knownStates(({ shown }) => shown).pipe(
      map(({ totals }) => pickTotal(totals, wanted)),
      distinctUntilChanged(),
    );
  }

  private badge(): Observable<Totals | null> {
    return this.states(({ shown, known }) => shown || known).pipe(
      map((model) => (model.cursor === null ? null : model.totals)),
      distinctUntilChanged(sameTotals),
    );
  }

  private reads(): Observable<number> {
    let moments = 0;
    return this.knownStates(readsFilter(() => this.writer.model)).pipe(map(() => ++moments));
  }

  private unreadCount(id: ConversationId): Observable<number> {
    return this.knownStates(({ conversations }) => conversations.has(id)).pipe(
      map((model) => model.get(id)?.unread.unreadCount ?? 0),
      distinctUntilChanged(),
    );
  }

  private mentionCount(id: ConversationId): Observable<number> {
    return this.knownStates(({ conversations }) => conversations.has(id)).pipe(
      map((model) => model.get(id)?.mentions.mentionCount ?? 0),
      distinctUntilChanged(),
    );
  }

  private conversations(wanted: ListWanted): Observable<readonly Conversation[]> {
    const { before } = wanted;
    // The place stays where the conversation was at first: otherwise a new message in that conversation would move the whole page.
    let place: Place | undefined;
    return this.knownStates(({ shown }) => shown).pipe(
      map((model) => {
        const conversation = before && model.get(before);
        if (conversation) place ??= placeOf(conversation);
        if (before && !place) return [];
        return listConversations(model, wanted, place).map((one) => presentConversation(model, one));
      }),
      distinctUntilChanged(sameList),
    );
  }

  private conversation(id: ConversationId): Observable<Conversation | null> {
    return this.knownStates(({ conversations }) => conversations.has(id)).pipe(
      map((model) => {
        const conversation = model.get(id);
        return conversation ? presentConversation(model, conversation) : null;
      }),
      distinctUntilChanged(),
    );
  }

  private messages(id: ConversationId, limit: number): Observable<readonly Message[]> {
    return this.states(({ conversations, deadLetters }) => conversations.has(id) || deadLetters).pipe(
      reading(() => {
        this.sources.opened(id, limit);
        return readShownMessages(this.writer, id, limit);
      }),
      distinctUntilChanged(sameMessages),
    );
  }

  private messageId(id: ConversationId, seq: Seq): Observable<MessageId | null> {
    return this.states(({ conversations }) => conversations.has(id)).pipe(
      reading(() =>
        this.writer.read('message-id', async (model, tx) => {
          const conversation = model.get(id);
          const [message] = conversation ? await readStored(tx, conversation, range(seq, seq)) : [];
          if (!message) this.sources.needed(id, seq);
          return message?.id ?? null;
        }),
      ),
      distinctUntilChanged(),
    );
  }

  private receipts(id: MessageId): Observable<MessageReceipts | null> {
    // A message never changes its conversation. Before the message is stored, any conversation may bring it.
    let where: ConversationId | null = null;
    return this.states(({ conversations }) => (where ? conversations.has(where) : conversations.size > 0)).pipe(
      reading((model): MessageReceipts | Promise<MessageReceipts | null> => {
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
      }),
      distinctUntilChanged((a, b) => (a && b ? sameFields(a, b) : a === b)),
    );
  }

  private receiptsIn(id: ConversationId, limit: number): Observable<readonly MessageReceipts[]> {
    return this.states(({ conversations }) => conversations.has(id)).pipe(
      reading(() => readShownReceipts(this.writer, id, limit)),
      distinctUntilChanged((a, b) => a.length === b.length && a.every((one, i) => sameFields(one, b[i]!))),
    );
  }

  private connection(): Observable<ConnectionStatus> {
    return this.states(({ settings, asOf }) => settings || asOf).pipe(
      map(({ paused, asOf }) => ({ paused, asOf })),
      beside(this.sources.leader$),
      map(([{ paused, asOf }, { state, retryAt, error, leader }]) => ({
        // The hint of a pause may arrive before or after the leader tab reports the end of its connection.
        ...(paused && state !== 'stopped' ? { state: 'offline' as const, retryAt: null } : { state, retryAt }),
        paused,
        leader,
        error,
        durability: this.ports.store.durability,
        // Only the page can ask the browser for this value.
        persisted: null,
        asOf,
      })),
      distinctUntilChanged(sameFields),
    );
  }

  private outbox(): Observable<OutboxStatus> {
    return this.states(({ outbox }) => outbox).pipe(
      map(({ outbox }) => {
        let oldestAt: number | null = null;
        for (const { at } of outbox.values()) oldestAt = oldestAt === null ? at : Math.min(oldestAt, at);
        return { pending: outbox.size, oldestAt };
      }),
      beside(this.sources.leader$),
      map(([{ pending, oldestAt }, { inFlight }]) => ({ pending, oldestAt, inFlight: Math.min(inFlight, pending) })),
      distinctUntilChanged(sameFields),
    );
  }

  private deadLetters(): Observable<readonly DeadLetter[]> {
    return this.states(({ deadLetters }) => deadLetters).pipe(
      map((model) => model.deadLetters.map(({ letter }) => letter)),
      distinctUntilChanged(sameList),
    );
  }

  /** Before the first snapshot, the account's settings would be a guess. */
  private receiptSettings(): Observable<ShownReceiptSettings> {
    return this.knownStates(({ settings }) => settings).pipe(
      map((model) => ({ ...model.allowed, device: model.settings, account: valuesOf(model.accountSettings) })),
      distinctUntilChanged((a, b) => sameFields(a.device, b.device) && sameFields(a.account, b.account)),
    );
  }
}
