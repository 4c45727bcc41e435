/** What went wrong on this phone: calls that failed, and entries the server refused for good. */
import type { DeadLetter, ReceiptClient } from 'tidemark';
import { h, keyedList } from './dom.ts';

/** Waits for a call; a failure is shown, never thrown on. `what` begins the sentence. */
export type Attempt = (what: string, done: Promise<unknown>) => Promise<void>;

export interface Notices {
  readonly node: HTMLElement;
  readonly attempt: Attempt;
}

interface Notice {
  readonly id: string;
  readonly text: string;
  dismiss(): void;
}

export const startNotices = (client: ReceiptClient): Notices => {
  const node = h('ul', { class: 'notices', role: 'list', 'aria-live': 'polite', 'aria-label': 'Trouble' });
  let failures: readonly Notice[] = [];
  let refused: readonly Notice[] = [];
  const show = keyedList<Notice>(
    node,
    ({ id }) => id,
    ({ text, dismiss }) => ({
      node: h(
        'li',
        { class: 'notice' },
        h('span', {}, text),
        h('button', { type: 'button', class: 'notice-dismiss', click: dismiss }, 'Dismiss'),
      ),
      update: () => undefined,
    }),
  );
  const refresh = (): void => show([...failures, ...refused].slice(-3));
  const fail = (what: string, error: unknown): void => {
    const id = crypto.randomUUID();
    const dismiss = (): void => {
      failures = failures.filter((notice) => notice.id !== id);
      refresh();
    };
    failures = [...failures, { id, text: `${what}: ${error instanceof Error ? error.message : String(error)}`, dismiss }];
    refresh();
  };
  const attempt: Attempt = async (what, done) => {
    try {
      await done;
    } catch (error) {
      fail(what, error);
    }
  };
  const fromLetter = ({ id, code, kind }: DeadLetter): Notice => ({
    id,
    text: `The server refused ${kind === 'message' ? 'a message' : 'a receipt'}: ${code}`,
    dismiss: () => void attempt('Dismiss', client.dismissDeadLetter(id)),
  });
  client.watchDeadLetters().subscribe((letters) => {
    refused = letters.map(fromLetter);
    refresh();
  });
  return { node, attempt };
};
