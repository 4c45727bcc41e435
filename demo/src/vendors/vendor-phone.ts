/** One phone that is written with a vendor's names: the list, or a chat, and the total. An open chat is read. */
import type { ConversationId, UserId } from 'tidemark';
import { createComposer } from '../composer.ts';
import { unreadText } from '../conversation-list.ts';
import { h, hidden, keyedList, setText } from '../dom.ts';
import { icon } from '../icons.ts';
import { chatPartner, isGroup, person } from '../people.ts';
import { chatPortrait, portrait } from '../portrait.ts';
import type { PhoneScreen, Row, VendorApp } from './vendor-app.ts';
import { createBubble, createRow, type ShownLine, toShown } from './vendor-lines.ts';

/** What the phone tells the page around it. */
export interface Told {
  readonly note?: string;
  readonly total?: number;
  readonly isConnected?: boolean;
}

const KEY = 'tidemark-demo:vendor-chat';

export interface VendorPhone {
  readonly node: HTMLElement;
  readonly screen: PhoneScreen;
  show(app: VendorApp): void;
}

export const createVendorPhone = (owner: UserId, tell: (told: Told) => void): VendorPhone => {
  const { name } = person(owner);
  const badge = h('span', { class: 'badge badge-total', 'aria-hidden': 'true' });
  const badgeWords = hidden('');
  const status = h('p', { class: 'phone-status' }, 'Connecting');
  const screenNode = h('div', { class: 'screen' });
  const head = h('header', { class: 'phone-head' }, portrait(owner), h('h2', { class: 'phone-name' }, name), badge, badgeWords, status);
  const node = h('section', { class: 'phone', 'data-link': 'trying' }, head, screenNode);
  const failed = (error: unknown): void => {
    const { code, type } = error as { readonly code?: number; readonly type?: number };
    tell({ note: `refused: ${code ?? type ?? ''} ${error instanceof Error ? error.message : String(error)}` });
  };

  let app: VendorApp | null = null;
  let chat: ConversationId | null = null;
  let showRows: ((rows: readonly Row[]) => void) | null = null;
  let showLines: ((lines: readonly ShownLine[]) => void) | null = null;

  const openList = (): void => {
    const list = h('ul', { class: 'rows', role: 'list' });
    [chat, showLines] = [null, null];
    showRows = keyedList<Row>(
      list,
      (row) => row.chat,
      (row) => createRow(row, (opened) => openChat(opened.chat)),
    );
    screenNode.replaceChildren(h('div', { class: 'pane pane-list' }, list));
    remember();
  };
  const openChat = (id: ConversationId): void => {
    const partner = chatPartner(id);
    const list = h('ol', { class: 'messages', role: 'list' });
    const scroller = h('div', { class: 'scroller', role: 'log', 'aria-label': `Messages with ${partner.name}`, tabindex: '0' }, list);
    const back = h('button', { type: 'button', class: 'icon-button', click: openList }, icon('back'), hidden('Back to the list'));
    const composer = createComposer(partner.name, null, ({ text }) => void app?.send(id, text).catch(failed));
    [chat, showRows] = [id, null];
    const show = keyedList<ShownLine>(
      list,
      ({ line }) => line.id,
      (shown) => createBubble(shown, owner, id),
    );
    showLines = (lines) => {
      show(lines);
      scroller.scrollTop = scroller.scrollHeight;
    };
    const chatHead = h('div', { class: 'chat-head' }, back, chatPortrait(id), h('h3', { class: 'chat-name' }, partner.name));
    screenNode.replaceChildren(h('div', { class: 'pane pane-chat' }, h('div', { class: 'chat' }, chatHead, scroller, composer)));
    remember();
  };
  const remember = (): void => {
    try {
      sessionStorage.setItem(`${KEY}:${owner}`, chat ?? '');
    } catch {
      // Without storage, the phone shows its list after a reload.
    }
    changed();
  };

  /** Asks the app for everything in view. */
  const refresh = async (): Promise<void> => {
    if (!app) return;
    const rows = await app.rows();
    showRows?.(rows);
    const open = chat;
    if (open) {
      if (rows.some((row) => row.chat === open && row.unread > 0)) await app.read(open);
      const lines = await app.lines(open);
      if (chat === open) showLines?.(toShown(lines, owner));
    }
    const total = await app.total();
    setText(badge, total > 0 ? String(total) : '');
    badge.dataset['shows'] = total > 0 ? 'count' : 'nothing';
    setText(badgeWords, unreadText(total));
    tell({ total });
  };
  // One refresh at a time, and one more after a change that comes meanwhile.
  let running = false;
  let isStale = false;
  const changed = (): void => {
    isStale = true;
    if (running) return;
    running = true;
    setTimeout(() => {
      isStale = false;
      refresh()
        .catch(failed)
        .finally(() => {
          running = false;
          if (isStale) changed();
        });
    }, 30);
  };

  const kept = sessionStorage.getItem(`${KEY}:${owner}`) ?? '';
  if (kept !== '' && (isGroup(kept as ConversationId) || kept.startsWith('direct:'))) openChat(kept as ConversationId);
  else openList();
  return {
    node,
    screen: {
      changed,
      connected: (isConnected) => {
        setText(status, isConnected ? 'Live' : 'Offline');
        node.dataset['link'] = isConnected ? 'live' : 'down';
        tell({ isConnected });
      },
      note: (note) => tell({ note }),
    },
    show: (shown) => {
      app = shown;
      changed();
    },
  };
};
