/**
 * Reads a conversation while the user looks at it: with the page visible and focused, present and arriving messages are
 * read. With the page hidden or blurred, messages are only delivered. After the app has called `seen`, the view reads
 * up to the seen message only.
 *
 *   page, store, app ─▶ ViewReader: what to read ─▶ ReadCalls: which call ─▶ ViewCalls: in order ─▶ worker
 */
import { type ConversationId, requireId } from '../../model/ids.ts';
import type { WorkerConnection } from '../../bridge/connect.ts';
import type { PageView } from '../page/page-lifecycle.ts';
import { fixedDivider } from './fixed-divider.ts';
import { readCalls } from './read-calls.ts';
import type { ConversationViewing } from '../receipt-client.ts';
import { viewCalls } from './view-calls.ts';
import { viewReader } from './view-reader.ts';
import type { Watching } from '../watching.ts';

/** A view for the client. A call of `seen` is a call like any other, so `close()` waits for it. */
export interface OpenView extends ConversationViewing {
  /** Resolves when all calls of the view are stored. */
  readonly underWay: () => Promise<void>;
}

export const viewConversation = (
  page: PageView,
  connection: Pick<WorkerConnection, 'intent' | 'query' | 'isUp' | 'up'>,
  watching: Pick<Watching, 'watch'>,
  conversationId: ConversationId,
  tellsSenders: boolean,
): OpenView => {
  const { add, wait, underWay, close } = viewCalls(connection);
  const divider = fixedDivider((seq) => watching.watch({ of: 'message-id', conversationId, seq }));
  const reader = viewReader(add, readCalls(connection, conversationId, tellsSenders));
  // The first call of the view, so that every read comes after it.
  add(async () => divider.fix(await wait(connection.query('firstUnread', conversationId))));
  const arrivals = watching
    .watch({ of: 'messages', conversationId, limit: 1 })
    .subscribe((list) => list.forEach(({ seq }) => reader.arrived(seq ?? 0)));
  const showViewed = (): void => reader.setViewed(page.isViewed());
  const stop = page.watch(showViewed);
  showViewed();

  return {
    firstUnread: divider.firstUnread,
    seen: (messageId) => reader.seen(requireId(messageId, 'messageId')),
    underWay,
    close() {
      close();
      reader.setViewed(false);
      arrivals.unsubscribe();
      divider.close();
      stop();
    },
  };
};
