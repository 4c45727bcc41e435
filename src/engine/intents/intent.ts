/** The shape in which each file of this shelf declares its calls. The record of all calls is in `intents.ts`. */
import type { Intents } from '../../model/api/intents.ts';
import type { Lookup } from '../state/message-index.ts';
import type { Draft } from '../write/draft.ts';
import type { IntentPorts } from '../write/enqueue.ts';

type Args<Name extends keyof Intents> = Parameters<Intents[Name]>;
type Result<Name extends keyof Intents> = ReturnType<Intents[Name]>;

/** Declaration of a call: the data that its decision needs, and the decision. */
export interface Intent<Name extends keyof Intents> {
  /** True when the decision may read pages: the transaction then opens the tables of pages. */
  readonly readsPages: boolean;
  /** True when the call stores a text that waits for the server: a full device refuses it. */
  readonly keepsReserve?: boolean;
  /** The messages that the call names. The writer looks them up once for all calls of a transaction. */
  readonly lookup?: (...args: Args<Name>) => Lookup | undefined;
  /** Decides the call inside the transaction that writes its changes. Throws before the first change, or not at all. */
  readonly decide: (draft: Draft, ports: IntentPorts, ...args: Args<Name>) => Result<Name> | Promise<Result<Name>>;
}

/** A declaration for every call of {@link Intents}. */
export type IntentTable = { readonly [Name in keyof Intents]: Intent<Name> };
