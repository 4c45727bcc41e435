/** The notifications of a phone, as its user sees them: the browser shows each one, and this list shows which of them are open now. */
import { interval, startWith } from 'rxjs';
import type { ConversationId, ReceiptClient } from 'tidemark';
import { readNotificationTag } from 'tidemark/service-worker';
import { h, keyedList, setText } from './dom.ts';
import { person, type PhoneOwner } from './people.ts';
import { openChat, takeInHand } from './view-state.ts';

/** The browser tells no page when a notification opens or closes. */
const LOOK_EVERY_MS = 400;
const MOST = 2;

interface Banner {
  readonly tag: string;
  readonly title: string;
  readonly body: string;
  readonly conversationId: ConversationId;
  close(): void;
}

const bannersOf = async (owner: PhoneOwner): Promise<readonly Banner[]> => {
  const registration = await navigator.serviceWorker.getRegistration();
  return ((await registration?.getNotifications()) ?? []).flatMap((notification): Banner[] => {
    const of = readNotificationTag(notification.tag);
    if (of?.userId !== owner || of.conversationId === null) return [];
    const { tag, title, body } = notification;
    return [{ tag, title, body, conversationId: of.conversationId, close: () => notification.close() }];
  });
};

export const startBanners = (owner: PhoneOwner, client: ReceiptClient): HTMLElement => {
  const node = h('ul', { class: 'banners', role: 'list', 'aria-live': 'polite', 'aria-label': `${person(owner).name}'s notifications` });
  if (!('serviceWorker' in navigator)) return node;
  let last: readonly Banner[] = [];
  const show = keyedList<Banner>(
    node,
    ({ tag }) => tag,
    ({ tag, conversationId }) => {
      const title = h('span', { class: 'banner-title' });
      const body = h('span', { class: 'banner-body' });
      const open = (): void => {
        last.find((one) => one.tag === tag)?.close();
        takeInHand(owner);
        openChat(owner, conversationId);
      };
      return {
        node: h('li', {}, h('button', { type: 'button', class: 'banner', click: open }, title, body)),
        update: (banner) => {
          setText(title, banner.title);
          setText(body, banner.body);
        },
      };
    },
  );
  const looking = interval(LOOK_EVERY_MS)
    .pipe(startWith(0))
    .subscribe(
      () =>
        void bannersOf(owner).then(
          (banners) => {
            last = banners;
            show(banners.slice(-MOST));
          },
          () => undefined,
        ),
    );
  client.watchConnection().subscribe({ complete: () => looking.unsubscribe() });
  return node;
};
