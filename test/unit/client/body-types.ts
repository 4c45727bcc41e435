/**
 * The types of message bodies, as an app sees them. The compiler is the test: `npm run types` reads this file, and nothing runs it.
 */
import { createElement as h } from 'react';
import type { Observable } from 'rxjs';
import * as v from 'valibot';
import {
  createReceiptClient,
  type Conversation,
  type Json,
  type LoadedMessages,
  type Message,
  type ReceiptClient,
  type ReceiptEvent,
  type StandardSchemaV1,
} from '../../../src/index.ts';
import type { InspectedClient } from '../../../src/inspector/inspector.ts';
import { ReceiptProvider, useConversation, useConversations, useMessages, useReceiptClient } from '../../../src/react/react.ts';
import type { Person, TestWorld } from '../../../src/testing/index.ts';

/** An interface, which is no `Json` for the compiler. */
interface MyBody {
  readonly text: string;
  readonly replyTo?: string;
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type All<T extends readonly true[]> = T;
type Mine = ReceiptClient<MyBody>;

export type Bodies = All<
  [
    Same<Message<MyBody>['body'], MyBody | null>,
    Same<Message['body'], Json>,
    Same<Message<MyBody>['unfitBody'], Json | undefined> extends true ? true : Same<Exclude<Message<MyBody>['unfitBody'], undefined>, Json>,
    Same<Parameters<Mine['sendMessage']>[1], MyBody>,
    Same<Parameters<ReceiptClient['sendMessage']>[1], unknown>,
    Same<ReturnType<Mine['sendMessage']>, Promise<Message<MyBody>>>,
    Same<ReturnType<Mine['findMessage']>, Promise<Message<MyBody> | null>>,
    Same<ReturnType<Mine['loadMessages']>, Promise<LoadedMessages<MyBody>>>,
    Same<ReturnType<Mine['loadOlderMessages']>, Promise<LoadedMessages<MyBody>>>,
    Same<ReturnType<Mine['watchMessages']>, Observable<readonly Message<MyBody>[]>>,
    Same<ReturnType<Mine['watchConversations']>, Observable<readonly Conversation<MyBody>[]>>,
    Same<ReturnType<Mine['watchConversation']>, Observable<Conversation<MyBody> | null>>,
    Same<ReturnType<Mine['watchEvents']>, Observable<ReceiptEvent<MyBody>>>,
    Same<Extract<ReceiptEvent<MyBody>, { readonly type: 'message' }>['message'], Message<MyBody>>,
    Same<NonNullable<Conversation<MyBody>['lastMessage']>, Message<MyBody>>,
  ]
>;

const account = { url: 'wss://chat.example/receipts', userId: 'ann', getToken: () => 'token' };
const schema = v.object({ text: v.string(), replyTo: v.optional(v.string()) });

/** Nothing runs this. */
export const compiled = (world: TestWorld): void => {
  // The type comes from the app, or from the schema.
  const named: Mine = createReceiptClient<MyBody>(account);
  const checked = createReceiptClient({ ...account, bodySchema: schema });
  const given: StandardSchemaV1<{ text: string; replyTo?: string | undefined }> = schema;
  void [named, given];
  void checked.sendMessage('direct:ben', { text: 'ahoy' });
  // @ts-expect-error `text` is missing
  void checked.sendMessage('direct:ben', { txt: 'ahoy' });
  // @ts-expect-error a body of another type
  void named.sendMessage('direct:ben', 'ahoy');
  // Without a type, any body is taken.
  void createReceiptClient(account).sendMessage('direct:ben', { any: ['json', 1] });
  // The inspector takes a client of any body.
  const inspected: InspectedClient[] = [named, checked];
  void inspected;
  // In a test world.
  const ann: Mine = world.client<MyBody>(world.device('ann'));
  const ben: Person<MyBody> = world.person<MyBody>('ben');
  void ben.send('direct:ann', { text: 'ahoy' });
  // A provider takes a client and options of any body, and infers nothing.
  void h(ReceiptProvider, { client: ann });
  void h(ReceiptProvider, { options: { ...account, bodySchema: schema } });
};

/** Nothing renders this. */
export const Component = (): string => {
  const messages: readonly Message<MyBody>[] = useMessages<MyBody>('direct:ben') ?? [];
  const chats: readonly Conversation<MyBody>[] = useConversations<MyBody>() ?? [];
  const chat: Conversation<MyBody> | null | undefined = useConversation<MyBody>('direct:ben');
  void useReceiptClient<MyBody>()?.sendMessage('direct:ben', { text: 'ahoy' });
  return [messages[0]?.body?.text, chats[0]?.lastMessage?.body?.replyTo, chat?.lastMessage?.unfitBody].join();
};
