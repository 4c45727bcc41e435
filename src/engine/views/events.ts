/**
 * The stream of events. The first subscriber gets the events that no page has received. Later events go to the subscribers in every tab.
 * The state keeps the newest 1,000 events.
 *
 *   log ─▶ state: a `message` event names its message ─▶ this stream reads the message ─▶ page
 *
 * The state and the log would otherwise hold the bodies of 1,000 messages twice, also those that the device has dropped.
 */
import { StoreError } from '../../errors.ts';
import type { NumberedEvent, ReceiptEvent } from '../../model/api/event.ts';
import type { Watcher } from '../../model/api/topic.ts';
import type { Cancel, Ports, StoreTx } from '../../ports/ports.ts';
import { errorDetails } from '../../logging.ts';
import { presentMessage } from '../present/present-conversation.ts';
import { readStored } from '../present/read-messages.ts';
import type { AccountState } from '../state/account-state.ts';
import type { KeptEvent } from '../state/dirty.ts';
import type { KeptMessage } from '../../log/log-record.ts';
import type { Writer } from '../write/writer.ts';

/** Delay before the number of the last delivered event is stored: a single write covers many events. */
const HEARD_AFTER_MS = 250;
/** Delay before the message of an event is read again, after the store could not. */
const READ_AGAIN_MS = 1000;

type EventOfMessage = Extract<KeptEvent['event'], { type: 'message' }>;

const isOfMessage = (event: KeptEvent['event']): event is EventOfMessage => event.type === 'message';

/** The event of a message; `undefined` if it is another message, or one that was recalled, also by a recall that is still pending. */
const eventOf = (
  model: AccountState,
  { conversationId, messageId }: EventOfMessage,
  stored: KeptMessage | null | undefined,
): ReceiptEvent | undefined => {
  const conversation = model.get(conversationId);
  if (!conversation || stored?.id !== messageId) return undefined;
  const message = presentMessage(model, conversation, stored);
  return message.recalled ? undefined : { type: 'message', message };
};

/** The event for the page; `undefined` if the message must be read from its page. */
const presentAtOnce = (model: AccountState, event: KeptEvent['event']): ReceiptEvent | undefined => {
  if (!isOfMessage(event)) return event;
  const conversation = model.get(event.conversationId);
  return eventOf(model, event, conversation?.unflushed.get(event.seq) ?? conversation?.newest);
};

/** Reads the message. @returns `undefined` if it was recalled or left this device meanwhile: there is no news any more. */
const readEvent = async (tx: StoreTx, model: AccountState, event: EventOfMessage): Promise<ReceiptEvent | undefined> => {
  const conversation = model.get(event.conversationId);
  const [message] = conversation ? await readStored(tx, conversation, [[event.seq, event.seq]]) : [];
  return eventOf(model, event, message);
};

/** @param after the page has received the events up to this number, even if the store does not know of it. */
export const watchEvents = (
  { clock, log }: Pick<Ports, 'clock' | 'log'>,
  writer: Writer,
  after: number,
  { next: hear }: Pick<Watcher<NumberedEvent>, 'next'>,
): Cancel => {
  let isOver = false;
  let last = 0;
  let lastSent = 0;
  let noting: Cancel | null = null;
  let isReading = false;
  const waiting: KeptEvent[] = [];
  const note = (): void => {
    noting = null;
    const upTo = lastSent;
    writer
      .write('heard', { durability: 'relaxed' }, (draft) => {
        if (upTo > draft.model.heard) draft.change({ t: 'heard', upTo });
      })
      .catch((error: unknown) => log('warn', 'heard-events-not-noted', errorDetails(error)));
  };
  const tell = (number: number, event: ReceiptEvent | undefined): void => {
    waiting.shift();
    lastSent = number;
    if (event) hear({ number, event });
    noting ??= clock.timer(HEARD_AFTER_MS, note);
  };
  /** Tells the waiting events in order. An event whose message is in a page waits for the read, and so do the events behind it. */
  const tellWaiting = (): void => {
    for (let next = waiting[0]; next && !isReading && !isOver; next = waiting[0]) {
      const { number, event } = next;
      const shown = presentAtOnce(writer.model, event);
      if (shown || !isOfMessage(event)) {
        tell(number, shown);
        continue;
      }
      isReading = true;
      writer
        .read('read-event', (model, tx) => readEvent(tx, model, event))
        .then(
          (read) => {
            isReading = false;
            if (isOver) return;
            tell(number, read);
            tellWaiting();
          },
          (error: unknown) => {
            log('warn', 'store-not-read', errorDetails(error));
            // After the end of the store, the next tab tells the events that this one did not.
            if (error instanceof StoreError && error.code !== 'store/unavailable') return;
            clock.timer(READ_AGAIN_MS, () => {
              isReading = false;
              tellWaiting();
            });
          },
        );
    }
  };
  const hand = (events: readonly KeptEvent[]): void => {
    for (const kept of events) {
      if (kept.number <= last) continue;
      last = kept.number;
      waiting.push(kept);
    }
    tellWaiting();
  };
  const { heard, events } = writer.model;
  // A new store numbers its events from 1. A page may still name a higher number, of the store before: the newest number replaces it.
  last = Math.max(heard, Math.min(after, events.at(-1)?.number ?? 0));
  hand(events);
  const stop = writer.onChange(({ events: news }) => hand(news));
  return () => {
    isOver = true;
    stop();
    if (!noting) return;
    noting();
    note();
  };
};
