/** Checks the options of the outbox and the arguments of its calls. A wrong argument is refused before anything is stored. */
import { type UsageCode, UsageError } from '../errors.ts';
import type { OutboxOptions } from './api.ts';
import type { MessageRead, Place } from './pending.ts';

const wrong = (what: string, value: unknown, right: string, code: UsageCode = 'usage/invalid-argument'): UsageError => {
  const text = typeof value === 'string' || (typeof value === 'object' && value !== null) ? JSON.stringify(value) : String(value);
  return new UsageError(code, `${what} is ${text.length > 80 ? `${text.slice(0, 80)}…` : text}; give ${right}`);
};

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0;

/** An option with an unknown name is refused, because ignoring it would hide a spelling mistake. */
export const checkOptions = ({ name, send, connected, conversationCoversMessages: _covers, log: _log, ...rest }: OutboxOptions): void => {
  const refuse = (what: string, value: unknown, right: string): never => {
    throw wrong(`\`${what}\``, value, right, 'usage/invalid-option');
  };
  for (const unknown in rest) throw new UsageError('usage/invalid-option', `unknown option ${JSON.stringify(unknown)}`);
  if (!isText(name)) refuse('name', name, 'the name of the account');
  if (typeof send !== 'function') refuse('send', send, 'a function');
  // Callers without types may pass anything.
  if (typeof (connected as Partial<typeof connected> | undefined)?.subscribe !== 'function')
    refuse('connected', connected, 'an Observable');
};

export const conversationOf = (value: unknown): string => {
  if (isText(value)) return value;
  throw wrong('the conversation', value, 'its id in your SDK');
};

const isOrder = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export const placeOf = (value: unknown): Place => {
  const place = value as Partial<Place> | null | undefined;
  if (!isText(place?.id) || !isOrder(place.order)) throw wrong('`upTo`', value, '{ id, order }: an id, and a growing number');
  return { id: place.id, order: place.order };
};

/** @param value message ids, or `{ id, order }` where the app knows the place of the message. */
export const messagesOf = (value: unknown, options: unknown): MessageRead[] => {
  if (!Array.isArray(value) || value.length === 0) throw wrong('`messageIds`', value, 'at least one message id');
  try {
    if (options !== undefined && typeof JSON.stringify(options) !== 'string') throw new TypeError('no JSON');
  } catch {
    throw wrong('`options`', typeof options, 'a value that JSON can hold');
  }
  return value.map((one: unknown) => {
    const message = typeof one === 'object' && one !== null ? (one as Partial<Place>) : { id: one as string };
    if (!isText(message.id)) throw wrong('a message id', message.id, 'a text');
    if (message.order !== undefined && !isOrder(message.order)) throw wrong('the order of a message', message.order, 'a finite number');
    return {
      id: message.id,
      ...(message.order === undefined ? {} : { order: message.order }),
      ...(options === undefined ? {} : { options }),
    };
  });
};
