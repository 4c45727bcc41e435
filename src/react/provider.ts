/** Gives the components below the provider the client of an account. */
import { createContext, createElement, type ReactElement, type ReactNode, useContext, useEffect, useRef, useState } from 'react';
import { type Json, type ReceiptClient, type ReceiptClientOptions, UsageError, type UserId } from '../index.ts';
import { keyOf, OwnClient } from './own-client.ts';

const ReceiptContext = createContext<ReceiptClient | null | undefined>(undefined);

/** The properties of `ReceiptProvider`. */
export interface ReceiptProviderProps {
  /**
   * The account, as for `createReceiptClient`; `null` while no user is logged in. The provider opens the client, and
   * closes the client on the unmount and when the user or another value changes. Functions may be new in each
   * rendering: the client calls the newest ones.
   */
  readonly options?: ReceiptClientOptions<unknown> | null;
  /** A client of the app, with bodies of any type, instead of `options`: the app opens and closes the client. */
  readonly client?: { readonly [K in keyof ReceiptClient]: unknown } | null;
  /**
   * Called when the account of `options` was logged out, in this tab or in another one. Set `options` to `null` here,
   * unless `userId` is no longer their user: the app may have logged in the next user just before.
   */
  readonly onLoggedOut?: (userId: UserId) => void;
  /** The part of the app that uses the hooks. */
  readonly children?: ReactNode;
}

/**
 * The components below show the account of `options` or `client`. Without an account, on a server and in the first
 * rendering, their values are undefined.
 */
export const ReceiptProvider = ({ options: given = null, client: ready, onLoggedOut, children }: ReceiptProviderProps): ReactElement => {
  // A context has no type of its own for each provider: the hooks name the type of the bodies.
  const options = given as ReceiptClientOptions | null;
  const client = ready as ReceiptClient | null | undefined;
  const [own, setOwn] = useState<OwnClient | null>(null);
  const key = client === undefined ? keyOf(options) : null;
  const newest = useRef({ options, onLoggedOut });
  useEffect(() => {
    newest.current = { options, onLoggedOut };
    if (options && own?.key === key) own.options = options;
  });
  useEffect(() => {
    if (key === null) return undefined;
    const account = newest.current.options!;
    const opened = new OwnClient(key, account, () => {
      setOwn(null);
      newest.current.onLoggedOut?.(account.userId);
    });
    setOwn(opened);
    return () => {
      setOwn(null);
      opened.close();
    };
  }, [key]);
  // Not the client of the account before, which closes after this rendering.
  const shown = client === undefined ? (own?.key === key ? own.client : null) : client;
  return createElement(ReceiptContext.Provider, { value: shown }, children);
};

/**
 * The client of the nearest provider, for its calls, with the type of its bodies: `useReceiptClient<MyBody>()`. It is null while there is no account, and in the first rendering.
 *
 * @throws {UsageError} `usage/invalid-argument` outside of a `ReceiptProvider`.
 */
export const useReceiptClient = <Body = Json>(): ReceiptClient<Body> | null => {
  const client = useContext(ReceiptContext);
  if (client === undefined)
    throw new UsageError(
      'usage/invalid-argument',
      'this component is outside of a ReceiptProvider: render one above it, with the options of the client',
    );
  return client as ReceiptClient<Body> | null;
};
