/**
 * One phone: the unread total of an account, its connection, the aeroplane switch, the list or a chat, and
 * the outbox.
 */
import { combineLatest, debounceTime, distinctUntilChanged, interval, map, type Observable, of, skip, startWith, switchMap } from 'rxjs';
import type { Conversation, ConversationId, ReceiptClient } from 'tidemark';
import { type Chat, openChatView } from './chat.ts';
import { connectionText, linkLook } from './connection-text.ts';
import { startConversationList, unreadText } from './conversation-list.ts';
import { h, hidden, setText } from './dom.ts';
import { startBanners } from './banners.ts';
import { startNotices } from './notices.ts';
import { inspectButton } from './inspecting.ts';
import { outboxText, startOutboxTray } from './outbox-tray.ts';
import { isGroup, person, type PhoneOwner } from './people.ts';
import { portrait } from './portrait.ts';
import { createSwitch } from './switch.ts';
import { closeChat, inHand$, openChat, openChat$, takeInHand } from './view-state.ts';

export interface Phone {
  readonly owner: PhoneOwner;
  readonly client: ReceiptClient;
  readonly node: HTMLElement;
  readonly total$: Observable<number>;
}

/** @param towards the side of the server, seen from this phone: 1 right, -1 left. */
export const startPhone = (owner: PhoneOwner, client: ReceiptClient, towards: 1 | -1): Phone => {
  const { name } = person(owner);
  const badge = h('span', { class: 'badge badge-total', 'aria-hidden': 'true' });
  const badgeWords = hidden('');
  const status = h('p', { class: 'phone-status' }, '\u00a0');
  const holding = h('span', { class: 'holding' });
  const listPane = h('div', { class: 'pane pane-list' });
  const chatPane = h('div', { class: 'pane pane-chat', hidden: true });
  const tray = h('section', { class: 'tray', 'aria-label': `${name}'s outbox` });
  const spoken = h('p', { class: 'visually-hidden', role: 'status' });
  const notices = startNotices(client);
  const aeroplane = createSwitch('Aeroplane', 'plane', (on) => notices.attempt('Aeroplane mode', on ? client.pause() : client.resume()));
  aeroplane.node.setAttribute('aria-label', `${name}'s aeroplane mode`);
  const node = h(
    'section',
    { class: 'phone', id: `phone-${owner}`, 'data-owner': owner, 'aria-labelledby': `phone-name-${owner}` },
    h(
      'header',
      { class: 'phone-head' },
      portrait(owner),
      h('h2', { class: 'phone-name', id: `phone-name-${owner}` }, name, h('span', { class: 'wide-only' }, '’s phone')),
      badge,
      badgeWords,
      status,
      aeroplane.node,
    ),
    startBanners(owner, client),
    h('div', { class: 'screen' }, listPane, chatPane),
    notices.node,
    tray,
    holding,
    spoken,
  );

  node.addEventListener('pointerdown', () => takeInHand(owner));
  node.addEventListener('focusin', () => takeInHand(owner));

  const total$ = client.watchTotalUnreadCount();
  total$.subscribe((total) => {
    setText(badge, total > 0 ? String(total) : '');
    badge.dataset['shows'] = total > 0 ? 'count' : 'nothing';
    setText(badgeWords, unreadText(total));
  });

  const connection$ = client.watchConnection();
  connection$.subscribe((connection) => {
    aeroplane.show(connection.paused);
    node.dataset['link'] = linkLook(connection);
  });
  // The text counts down the wait until the next try.
  const status$ = connection$.pipe(
    switchMap((connection) =>
      connection.retryAt === null || connection.paused
        ? of(connection)
        : interval(1000).pipe(
            startWith(0),
            map(() => connection),
          ),
    ),
    map((connection) => connectionText(connection)),
  );
  status$.subscribe((text) => setText(status, text));

  // For screen readers: the state after it has settled, without the steps in between.
  combineLatest([connection$.pipe(map((connection) => connectionText({ ...connection, retryAt: null }))), total$, client.watchOutbox()])
    .pipe(
      map(
        ([connection, total, outbox]) =>
          `${name}: ${connection}, ${unreadText(total)}. Outbox: ${outboxText({ ...outbox, oldestAt: null })}.`,
      ),
      distinctUntilChanged(),
      debounceTime(1200),
      skip(1),
    )
    .subscribe((text) => setText(spoken, text));

  let chat: Chat | null = null;
  // The conversation that the reader opened: the focus goes back to its row.
  let opening: Conversation | null = null;
  let held = false;

  const back = (): void => closeChat(owner);
  const showChat = (id: ConversationId): Chat => {
    const shown = openChatView(client, id, { back, attempt: notices.attempt });
    chatPane.replaceChildren(shown.node);
    shown.setInHand(held);
    return shown;
  };
  openChat$(owner).subscribe((id) => {
    const leaving = chat && node.contains(document.activeElement);
    chat?.close();
    chat = id ? showChat(id) : null;
    listPane.hidden = id !== undefined;
    chatPane.hidden = id === undefined;
    node.toggleAttribute('data-in-chat', id !== undefined);
    if (id) node.dataset['inChat'] = isGroup(id) ? 'group' : 'direct';
    if (id && opening?.id === id) chat?.focus();
    if (!id && leaving) listPane.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(opening?.id ?? '')}"] .row-open`)?.focus();
  });
  inHand$.subscribe((holder) => {
    held = holder === owner;
    node.toggleAttribute('data-in-hand', held);
    setText(holding, held ? 'In your hand: messages in an open chat are read' : 'In the pocket: messages are delivered, not read');
    chat?.setInHand(held);
  });

  startConversationList(client, listPane, {
    open(conversation) {
      opening = conversation;
      openChat(owner, conversation.id);
    },
    attempt: notices.attempt,
  });
  startOutboxTray(client, tray, towards);
  tray.append(inspectButton(owner, client));
  return { owner, client, node, total$ };
};
