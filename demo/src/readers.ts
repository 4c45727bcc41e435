/**
 * The readers and non-readers of a group message. While the dialog is open, it asks the server again whenever
 * the count changes.
 */
import { catchError, combineLatest, debounceTime, distinctUntilChanged, from, map, of, switchMap } from 'rxjs';
import type { Message, ReadMember, ReceiptClient } from 'tidemark';
import { countText } from './bubbles.ts';
import { h, hidden, keyedList, setText } from './dom.ts';
import { hang } from './hang.ts';
import { icon } from './icons.ts';
import { person } from './people.ts';
import { portrait } from './portrait.ts';
import { exactTime, shortTime } from './time.ts';

interface Lists {
  readonly read: readonly ReadMember[];
  readonly unread: readonly ReadMember[];
}

const membersBy = async (client: ReceiptClient, messageId: string, filter: 'read' | 'unread'): Promise<readonly ReadMember[]> => {
  const members: ReadMember[] = [];
  for (let cursor: string | null = null; ;) {
    const page = await client.fetchReadMembers(messageId, cursor === null ? { filter } : { filter, cursor });
    members.push(...page.members);
    if (page.complete || page.cursor === null) return members;
    cursor = page.cursor;
  }
};

const listsOf = async (client: ReceiptClient, messageId: string): Promise<Lists> => {
  const [read, unread] = await Promise.all([membersBy(client, messageId, 'read'), membersBy(client, messageId, 'unread')]);
  return { read, unread };
};

const isOffline = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('transport/');

const whyNot = (error: unknown): string =>
  isOffline(error)
    ? 'Only the server knows the names, and it cannot be reached now. The names appear when it answers.'
    : `The server did not send the names: ${error instanceof Error ? error.message : String(error)}`;

const timeOf = (at: number): string => (shortTime(at).includes(':') ? exactTime(at) : shortTime(at));

const createPart = (title: string, nobody: string): { readonly node: HTMLElement; show(members: readonly ReadMember[]): void } => {
  const number = h('span', { class: 'readers-number' });
  const list = h('ul', { class: 'readers-list', role: 'list' });
  const empty = h('p', { class: 'readers-nobody', hidden: true }, nobody);
  const rows = keyedList<ReadMember>(
    list,
    ({ userId }) => userId,
    ({ userId }) => {
      const time = h('time', { class: 'readers-time' });
      const words = h('span', { class: 'readers-words' });
      return {
        node: h('li', { class: 'readers-row' }, portrait(userId), h('span', { class: 'readers-name' }, person(userId).name), words, time),
        update: ({ readAt, content }) => {
          setText(time, readAt === null ? '' : timeOf(readAt));
          setText(words, content === undefined ? '' : `“${content}”`);
        },
      };
    },
  );
  return {
    node: h('section', { class: 'readers-part' }, h('h4', { class: 'readers-title' }, title, number), list, empty),
    show: (members) => {
      setText(number, String(members.length));
      empty.hidden = members.length > 0;
      rows(members);
    },
  };
};

export const openReaders = (client: ReceiptClient, message: Message, button: HTMLElement): void => {
  const heading = h('h3', { class: 'readers-heading', id: `readers-${message.id}` }, button.firstChild?.textContent ?? '');
  const read = createPart('Have read it', 'No reader yet');
  const unread = createPart('Have not read it', 'Everyone has read it');
  const note = h('p', { class: 'readers-note', role: 'status' }, 'Asking the server …');
  const lists = h('div', { class: 'readers-lists', hidden: true }, read.node, unread.node);
  const close = h('button', { type: 'button', class: 'icon-button' }, icon('close'), hidden('Close'));
  const node = h(
    'div',
    { class: 'popup readers', role: 'dialog', popover: 'auto', 'aria-labelledby': heading.id },
    h('div', { class: 'readers-head' }, heading, close),
    h('div', { class: 'readers-body', tabindex: '0', role: 'group', 'aria-label': 'Members' }, note, lists),
  );
  close.addEventListener('click', () => node.hidePopover());

  const count$ = client.watchReceipts(message.id).pipe(
    map((receipts) => ({ text: receipts ? countText(receipts) : null, of: receipts ? receipts.readCount + receipts.unreadCount : 0 })),
    distinctUntilChanged((a, b) => a.text === b.text),
  );
  const live$ = client.watchConnection().pipe(
    map(({ state, paused }) => state === 'live' && !paused),
    distinctUntilChanged(),
  );
  const subscription = count$.subscribe(({ text, of: members }) => {
    if (text !== null) setText(heading, text);
    // The dialog has room for all members from the start, so the names move nothing when they arrive.
    node.style.setProperty('--members', String(members));
  });
  subscription.add(
    combineLatest([count$, live$])
      .pipe(
        debounceTime(60),
        switchMap(() =>
          from(listsOf(client, message.id)).pipe(
            map((got) => ({ got })),
            catchError((error: unknown) => of({ error })),
          ),
        ),
      )
      .subscribe((outcome) => {
        if ('error' in outcome) return setText(note, whyNot(outcome.error));
        setText(note, '');
        lists.hidden = false;
        read.show(outcome.got.read);
        unread.show(outcome.got.unread);
      }),
  );
  hang(node, button, { context: button.closest('.message'), closed: () => subscription.unsubscribe() });
  close.focus();
};
