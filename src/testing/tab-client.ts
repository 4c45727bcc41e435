/**
 * The page's client in a virtual tab: the same object as in a browser, over the account that the tab's worker would host.
 *
 *   app ─▶ ReceiptClient ─▶ VirtualTab ─▶ HostedAccount ─▶ Engine ─▶ virtual disk, locks and network
 */
import { Observable, of } from 'rxjs';
import { clientOf } from '../client/account-client.ts';
import type { OpenAccount } from '../client/open-account.ts';
import { Persistence } from '../client/page/persistence.ts';
import type { ReceiptClient } from '../client/receipt-client.ts';
import { viewConversation } from '../client/view/view-conversation.ts';
import { Watching } from '../client/watching.ts';
import type { Json } from '../model/message/message.ts';
import type { StandardSchemaV1 } from '../model/message/standard-schema.ts';
import type { UserId } from '../model/ids.ts';
import type { IntentCall, QueryCall } from '../model/api/intents.ts';
import type { Topic } from '../model/api/topic.ts';
import { LOCK } from './host-account.ts';
import type { VirtualTab } from './virtual-tab.ts';

/** Calls and answers cross a thread's border in a browser, so the app never holds an object of the engine. */
const copied = async <T>(answer: Promise<T>): Promise<T> => structuredClone(await answer);

const openInTab = (tab: VirtualTab): OpenAccount => {
  let isOver = false;
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    end = () => {
      isOver = true;
      resolve();
    };
  });
  void tab.loggedOut.then(end);

  const watch = (topic: Topic): Observable<unknown> =>
    new Observable((subscriber) => {
      let stop = (): void => undefined;
      let isStopped = false;
      void tab.ready.then(() => {
        if (isStopped) return;
        const values = tab.watch(topic).subscribe({
          next: (value) => subscriber.next(structuredClone(value)),
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        });
        stop = () => values.unsubscribe();
      });
      void over.then(() => subscriber.complete());
      return () => {
        isStopped = true;
        stop();
      };
    });
  const connection = {
    intent: (name: string, ...args: unknown[]) => copied(tab.intent(structuredClone({ do: name, args }) as unknown as IntentCall)),
    query: (name: string, ...args: unknown[]) => copied(tab.query(structuredClone({ do: name, args }) as unknown as QueryCall)),
    logOut: async (options: Parameters<VirtualTab['logOut']>[0]) => {
      await tab.logOut(options);
      end();
    },
    close: async () => {
      await tab.close();
      end();
    },
    trouble$: of(null),
    isUp: true,
    up: () => Promise.resolve(),
  } as OpenAccount['connection'] & Parameters<typeof viewConversation>[1];
  const watching = new Watching({ watch } as ConstructorParameters<typeof Watching>[0], Promise.resolve(null), tab.ready);
  const page = { isViewed: () => tab.isViewed(), watch: (fn: () => void) => tab.onShow(fn) };
  return {
    connection,
    over,
    isOver: () => isOver,
    watching,
    persistence: new Persistence({}),
    name: LOCK,
    logged: [],
    view: (conversationId, tellsSenders) => viewConversation(page, connection, watching, conversationId, tellsSenders),
    stop: () => undefined,
    leftDevice: async () => undefined,
  };
};

export const clientInTab = <Body = Json>(userId: UserId, tab: VirtualTab, bodySchema?: StandardSchemaV1<Body>): ReceiptClient<Body> =>
  clientOf(userId, openInTab(tab), bodySchema);
