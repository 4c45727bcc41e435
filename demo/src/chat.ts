/** One open chat: messages with their ticks, and a line to write in. */
import { BehaviorSubject, combineLatest, shareReplay, Subscription, switchMap } from 'rxjs';
import type { Conversation, ConversationId, ConversationViewing, FirstUnread, ReceiptClient } from 'tidemark';
import { createItem, type Item, itemKey, toItems } from './bubbles.ts';
import { createComposer } from './composer.ts';
import { conversationMenu, messageMenu } from './conversation-menu.ts';
import { askForCounts, countedIds, lastOwnIds } from './counts.ts';
import { h, hidden, keyedList } from './dom.ts';
import { icon } from './icons.ts';
import type { Attempt } from './notices.ts';
import { chatPartner, isGroup, mentionedIn } from './people.ts';
import { chatPortrait } from './portrait.ts';
import { openReaders } from './readers.ts';
import { watchReceiptsOf } from './receipts-of.ts';

const PAGE = 50;

export interface Chat {
  readonly node: HTMLElement;
  /** In the hand, arriving messages are read. In the pocket, they are only delivered. */
  setInHand(inHand: boolean): void;
  focus(): void;
  close(): void;
}

export interface ChatActions {
  back(): void;
  readonly attempt: Attempt;
}

export const openChatView = (client: ReceiptClient, id: ConversationId, { back, attempt }: ChatActions): Chat => {
  const me = client.userId;
  const inGroup = isGroup(id);
  const { name } = chatPartner(id);
  const limit$ = new BehaviorSubject(PAGE);
  /** The place of the divider: fixed while the chat is in the hand, though the count falls. */
  const firstUnread$ = new BehaviorSubject<FirstUnread | null>(null);
  let conversation: Pick<Conversation, 'id' | 'markedUnread' | 'muted'> = { id, markedUnread: false, muted: false };
  let viewing: ConversationViewing | null = null;

  const heading = h('h3', { class: 'chat-name', tabindex: '-1' }, name);
  const more = h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
    icon('more'),
    hidden(`More for ${name}`),
  );
  more.addEventListener('click', () => conversationMenu(client, conversation, more, attempt));
  const older = h('button', { type: 'button', class: 'older', hidden: true }, 'Show older messages');
  const list = h('ol', { class: 'messages', role: 'list' });
  const scroller = h(
    'div',
    { class: 'scroller', role: 'log', 'aria-label': `Messages ${inGroup ? 'in' : 'with'} ${name}`, tabindex: '0' },
    older,
    list,
  );
  const composer = createComposer(name, inGroup ? `${me} ${id}` : null, ({ text, ...options }) => {
    atEnd = true;
    void attempt('Send', client.sendMessage(id, text, { ...options, mentions: inGroup ? mentionedIn(text) : [] }));
  });
  const node = h(
    'div',
    { class: 'chat' },
    h(
      'div',
      { class: 'chat-head' },
      h('button', { type: 'button', class: 'icon-button', click: back }, icon('back'), hidden('Back to the list')),
      chatPortrait(id),
      heading,
      more,
    ),
    scroller,
    composer,
  );

  node.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !event.defaultPrevented && !(event.target as Element).closest('[popover]')) back();
  });

  // The view stays at the end unless the reader has scrolled up.
  let atEnd = true;
  scroller.addEventListener('scroll', () => {
    if (scroller.clientHeight > 0) atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48;
  });
  const resized = new ResizeObserver(() => {
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  });
  resized.observe(scroller);
  resized.observe(list);
  older.addEventListener('click', () => {
    limit$.next(limit$.value + PAGE);
    void attempt('Older messages', client.loadOlderMessages(id, { limit: PAGE }));
  });

  const show = keyedList<Item>(list, itemKey, (item) =>
    createItem(item, {
      me,
      inGroup,
      openReaders: (message, button) => openReaders(client, message, button),
      openMenu: (message, button) =>
        messageMenu(client, message, button, (marked) => {
          void attempt('Mark', marked);
          // An open chat is being read, so the reader leaves it.
          back();
        }),
    }),
  );
  const messages$ = limit$.pipe(
    switchMap((limit) => client.watchMessages(id, { limit })),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
  const receipts$ = watchReceiptsOf(client, inGroup ? countedIds(client, messages$) : lastOwnIds(client, messages$));
  const subscriptions = new Subscription();
  if (inGroup) subscriptions.add(askForCounts(client, messages$));
  subscriptions.add(
    combineLatest([messages$, receipts$, firstUnread$]).subscribe(([messages, receipts, firstUnread]) => {
      const stay = atEnd;
      const fromEnd = scroller.scrollHeight - scroller.scrollTop;
      const grewAbove = messages.length > PAGE;
      older.hidden = messages.length < limit$.value || messages[0]?.seq === 1;
      show(toItems(messages, receipts, me, firstUnread));
      if (stay) scroller.scrollTop = scroller.scrollHeight;
      else if (grewAbove) scroller.scrollTop = scroller.scrollHeight - fromEnd;
    }),
  );
  subscriptions.add(client.watchConversation(id).subscribe((known) => (conversation = known ?? conversation)));

  return {
    node,
    setInHand(inHand) {
      if (!inHand) {
        viewing?.close();
        viewing = null;
      } else if (!viewing) {
        viewing = client.viewConversation(id);
        viewing.firstUnread.subscribe((place) => firstUnread$.next(place ?? firstUnread$.value));
      }
    },
    focus: () => heading.focus({ preventScroll: true }),
    close() {
      viewing?.close();
      subscriptions.unsubscribe();
      limit$.complete();
      firstUnread$.complete();
      resized.disconnect();
      node.remove();
    },
  };
};
