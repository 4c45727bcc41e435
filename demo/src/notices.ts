/** The problems of a phone: failed calls, and entries that the server rejected. */
import type { DeadLetter, ReceiptClient } from 'tidemark';
import { h, keyedList } from './dom.ts';

/**
 * Waits for a call and shows its failure. The promise never rejects. `what` begins the text of the failure.
 */
export type Attempt = (what: string, done: Promise<unknown>) => Promise<void>;

export interface Notices {
  readonly node: HTMLElement;
  readonly attempt: Attempt;
}

interface Notice {
  readonly id: string;
  readonly text: string;
  /** The code of a rejection, which apps branch on. */
  readonly code: string | null;
  readonly remedy: { readonly label: string; act(): void } | null;
  dismiss(): void;
}

/**
 * The reasons for rejecting a message because it asks for receipts. The server accepts the same message
 * without the request.
 */
const REFUSED_FOR_ASKING: Readonly<Record<string, string>> = {
  'rejected/group-receipts-disabled': 'Receipts in groups are switched off',
  'rejected/permission-denied': 'Only admins may ask for receipts here',
};

export const startNotices = (client: ReceiptClient): Notices => {
  const node = h('ul', { class: 'notices', role: 'list', 'aria-live': 'polite', 'aria-label': 'Problems' });
  let failures: readonly Notice[] = [];
  let refused: readonly Notice[] = [];
  const show = keyedList<Notice>(
    node,
    ({ id }) => id,
    ({ text, code, remedy, dismiss }) => ({
      node: h(
        'li',
        { class: 'notice' },
        h('span', { class: 'notice-text' }, text, code === null ? null : h('code', { class: 'notice-code' }, code)),
        h(
          'span',
          { class: 'notice-actions' },
          remedy ? h('button', { type: 'button', class: 'notice-action', click: () => remedy.act() }, remedy.label) : null,
          h('button', { type: 'button', class: 'notice-action', click: dismiss }, 'Dismiss'),
        ),
      ),
      update: () => undefined,
    }),
  );
  const refresh = (): void => show([...failures, ...refused].slice(-3));
  // An open chat makes room for the notices, so they hide no message.
  new ResizeObserver(() => node.parentElement?.style.setProperty('--trouble', `${node.offsetHeight}px`)).observe(node);
  const fail = (what: string, error: unknown): void => {
    const id = crypto.randomUUID();
    const dismiss = (): void => {
      failures = failures.filter((notice) => notice.id !== id);
      refresh();
    };
    const text = `${what}: ${error instanceof Error ? error.message : String(error)}`;
    failures = [...failures, { id, text, code: null, remedy: null, dismiss }];
    refresh();
  };
  const attempt: Attempt = async (what, done) => {
    try {
      await done;
    } catch (error) {
      fail(what, error);
    }
  };
  const fromLetter = ({ id, code, kind }: DeadLetter): Notice => {
    const forAsking = kind === 'message' ? REFUSED_FOR_ASKING[code] : undefined;
    return {
      id,
      text: forAsking ?? `The server refused ${kind === 'message' ? 'a message' : 'a receipt'}`,
      code,
      remedy: forAsking
        ? { label: 'Send without asking', act: () => void attempt('Send', client.retryDeadLetter(id, { requestReceipt: false })) }
        : null,
      dismiss: () => void attempt('Dismiss', client.dismissDeadLetter(id)),
    };
  };
  client.watchDeadLetters().subscribe((letters) => {
    refused = letters.map(fromLetter);
    refresh();
  });
  return { node, attempt };
};
