/**
 * A client without a browser, as a rendering server creates it: its streams emit nothing and its calls reject. The
 * client starts no worker and no timer, so the server may drop the client without a call of `close`.
 */
import { of } from 'rxjs';
import { StreamPort } from '../bridge/streams.ts';
import { UsageError } from '../errors.ts';
import type { OpenAccount } from './open-account.ts';
import { Persistence } from './page/persistence.ts';
import type { PageView } from './page/page-lifecycle.ts';
import { viewConversation } from './view/view-conversation.ts';
import { Watching } from './watching.ts';

const PAGE = ['document', 'navigator', 'MessageChannel', 'crypto'] as const;

/** True on a server: neither a page nor a browser's worker. A simulated page of a test has a document. */
export const hasNoBrowser = (): boolean => !('document' in globalThis) && !('importScripts' in globalThis);

/**
 * @param makesWorkers true if the app starts the worker itself.
 * @throws {UsageError} `usage/invalid-option` in a worker and on a simulated page, with the names of the missing globals.
 */
export const requirePage = (makesWorkers: boolean): void => {
  const missing = [...PAGE, ...(makesWorkers ? [] : ['Worker'])].filter((name) => !(name in globalThis));
  if (missing.length > 0)
    throw new UsageError(
      'usage/invalid-option',
      `createReceiptClient needs a page in a browser; missing here: ${missing.join(', ')}. ` +
        'For a test without a browser, tidemark/testing has clients',
    );
};

const refuse = async (): Promise<never> => {
  throw new UsageError(
    'usage/no-browser',
    'a server renders this page, so the client has no browser and does nothing: make the call in an effect or a handler',
  );
};

const UNSEEN: PageView = { isViewed: () => false, watch: () => () => undefined };

export const openWithoutBrowser = (): OpenAccount => {
  const streams = new StreamPort();
  const watching = new Watching(streams, Promise.resolve(null), Promise.resolve());
  const connection = {
    trouble$: of(null),
    intent: refuse,
    query: refuse,
    logOut: refuse,
    close: async () => streams.end(),
    isUp: true,
    up: refuse,
  };
  return {
    connection,
    over: streams.over,
    isOver: () => streams.isOver,
    watching,
    persistence: new Persistence({}),
    name: '',
    logged: [],
    view: (conversationId, tellsSenders) => viewConversation(UNSEEN, connection, watching, conversationId, tellsSenders),
    stop: () => undefined,
    leftDevice: async () => undefined,
  };
};
