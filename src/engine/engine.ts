/** One account's engine in one tab: the lanes over one store. Whoever hosts it hands it its ports. */
import { map, type Observable, Subject, takeUntil } from 'rxjs';
import type { IntentCall, Intents, Queries, QueryCall } from '../model/intents.ts';
import type { Topic, TopicValue } from '../model/topic.ts';
import type { Account, Ports } from '../ports/ports.ts';
import type { ReceiptSettings } from '../store/journal.ts';
import { findInConversation } from './find-message.ts';
import { flush } from './flush.ts';
import { dismissDeadLetter, retryDeadLetter } from './intents/dead-letters.ts';
import { clearAllUnreadCounts, clearConversationUnreadCount, sendConversationReadReceipt } from './intents/positions.ts';
import { recallMessage } from './intents/recall-message.ts';
import { sendMessage } from './intents/send-message.ts';
import { readArrivals, sendReadReceipts } from './intents/send-read-receipts.ts';
import { setMarkedUnread, setMuted, setPaused, setReceiptSettings } from './intents/switches.ts';
import { explainUnread } from './queries/explain-unread.ts';
import type { Lookup } from './message-index.ts';
import { History } from './queries/history.ts';
import { Leader } from './sync/leader.ts';
import { Sync } from './sync/sync.ts';
import { TokenSource } from './token-source.ts';
import { Views } from './views/views.ts';
import { type Draft, type WriteOptions, Writer } from './write.ts';

/** These look into pages to find what they name. */
const READS_PAGES: ReadonlySet<keyof Intents> = new Set([
  'sendReadReceipts',
  'recallMessage',
  'sendConversationReadReceipt',
  'clearConversationUnreadCount',
] satisfies (keyof Intents)[]);

/** The messages a call names. */
const lookupOf = (call: IntentCall): Lookup | undefined => {
  switch (call.do) {
    case 'sendReadReceipts':
      return { conversationId: call.args[0], ids: call.args[1] };
    case 'sendConversationReadReceipt':
      return call.args[1].upTo === undefined ? undefined : { conversationId: call.args[0], ids: [call.args[1].upTo] };
    case 'clearConversationUnreadCount':
      return call.args[1] === undefined ? undefined : { conversationId: call.args[0], ids: [call.args[1]] };
    default:
      return undefined;
  }
};

export class Engine {
  private readonly closed$ = new Subject<void>();

  private constructor(
    private readonly ports: Ports,
    private readonly writer: Writer,
    private readonly leader: Leader,
    private readonly views: Views,
    private readonly history: History,
  ) {}

  /** @param lockName names the account's leadership across tabs. */
  static async open(ports: Ports, account: Account, lockName: string, settings: Partial<ReceiptSettings>): Promise<Engine> {
    const writer = await Writer.open(ports, account.userId);
    if (settings.deliveryReceipts !== undefined || settings.readReceipts !== undefined)
      await writer.write('settings', { durability: 'strict' }, (draft) => setReceiptSettings(draft, ports, settings));
    const tokens = new TokenSource(ports.token);
    const sync = new Sync(ports, account, writer, tokens);
    const leader = new Leader(ports, writer, sync, lockName);
    const history = new History(ports, account, writer, tokens);
    const views = new Views(ports, writer, {
      leader$: leader.status$.pipe(map((status) => status)),
      opened: (conversationId, limit) => history.opened(conversationId, limit),
    });
    leader.start();
    return new Engine(ports, writer, leader, views, history);
  }

  /** Writes down what the user did. Strict: resolves once flushed (I-1). */
  intent(call: IntentCall): Promise<unknown> {
    const lookup = lookupOf(call);
    const options: WriteOptions = { durability: 'strict', readsPages: READS_PAGES.has(call.do), ...(lookup ? { lookup } : {}) };
    return this.writer.write(call.do, options, (draft) => this.decide(draft, call));
  }

  private decide(draft: Draft, call: IntentCall): unknown {
    const { ports } = this;
    switch (call.do) {
      case 'sendMessage':
        return sendMessage(draft, ports, ...call.args);
      case 'recallMessage':
        return recallMessage(draft, ports, ...call.args);
      case 'sendReadReceipts':
        return sendReadReceipts(draft, ports, ...call.args);
      case 'sendConversationReadReceipt':
        return sendConversationReadReceipt(draft, ports, ...call.args);
      case 'clearConversationUnreadCount':
        return clearConversationUnreadCount(draft, ports, ...call.args);
      case 'clearAllUnreadCounts': {
        clearAllUnreadCounts(draft, ports);
        return;
      }
      case 'setMarkedUnread': {
        setMarkedUnread(draft, ports, ...call.args);
        return;
      }
      case 'setMuted': {
        setMuted(draft, ports, ...call.args);
        return;
      }
      case 'setReceiptSettings': {
        setReceiptSettings(draft, ports, ...call.args);
        return;
      }
      case 'readArrivals':
        return readArrivals(draft, ports, ...call.args);
      case 'setPaused': {
        setPaused(draft, ...call.args);
        return;
      }
      case 'retryDeadLetter':
        return retryDeadLetter(draft, ports, ...call.args);
      case 'dismissDeadLetter': {
        dismissDeadLetter(draft, ...call.args);
        return;
      }
    }
  }

  async query(call: QueryCall): Promise<ReturnType<Queries[QueryCall['do']]>> {
    switch (call.do) {
      case 'loadOlderMessages':
        return this.history.loadOlder(...call.args);
      case 'seqOf': {
        const [conversationId, messageId] = call.args;
        return this.writer.read('seq-of', async (model, tx) => {
          const conversation = model.get(conversationId);
          return conversation ? ((await findInConversation(tx, conversation, [messageId])).get(messageId)?.seq ?? null) : null;
        });
      }
      case 'explainUnread': {
        const [conversationId] = call.args;
        return new Promise((resolve) => this.writer.atRest(() => resolve(explainUnread(this.writer.model, conversationId))));
      }
      case 'flush':
        return flush(this.ports, this.writer, () => this.leader.nudge(), ...call.args);
    }
  }

  /** Completes at `close()`. */
  watch<T extends Topic>(topic: T): Observable<TopicValue[T['of']]> {
    return this.views.watch(topic).pipe(takeUntil(this.closed$));
  }

  close(): void {
    this.leader.stop();
    this.closed$.next();
    this.closed$.complete();
    this.ports.store.close();
  }
}
