/**
 * The view of this tab, kept over a reload: the phone in the hand, and the open chat of each phone. The
 * library keeps all other data.
 */
import { BehaviorSubject, distinctUntilChanged, map, type Observable } from 'rxjs';
import type { ConversationId } from 'tidemark';
import { PHONE_OWNERS, type PhoneOwner } from './people.ts';

interface ViewState {
  readonly inHand: PhoneOwner;
  readonly open: Readonly<Partial<Record<PhoneOwner, ConversationId>>>;
}

const KEY = 'tidemark-demo:view';

const restore = (): ViewState => {
  const view: ViewState = { inHand: 'bob', open: {} };
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? '{}') as Partial<ViewState>;
    const inHand = PHONE_OWNERS.find((owner) => owner === kept.inHand) ?? view.inHand;
    return { inHand, open: { ...kept.open } };
  } catch {
    return view;
  }
};

const view$ = new BehaviorSubject(restore());

const change = (next: Partial<ViewState>): void => {
  view$.next({ ...view$.value, ...next });
  try {
    sessionStorage.setItem(KEY, JSON.stringify(view$.value));
  } catch {
    // Without storage, the phones show their lists after a reload.
  }
};

export const inHand$: Observable<PhoneOwner> = view$.pipe(
  map(({ inHand }) => inHand),
  distinctUntilChanged(),
);

export const openChat$ = (owner: PhoneOwner): Observable<ConversationId | undefined> =>
  view$.pipe(
    map(({ open }) => open[owner]),
    distinctUntilChanged(),
  );

export const takeInHand = (owner: PhoneOwner): void => {
  if (view$.value.inHand !== owner) change({ inHand: owner });
};

export const openChat = (owner: PhoneOwner, conversationId: ConversationId): void =>
  change({ open: { ...view$.value.open, [owner]: conversationId } });

export const closeChat = (owner: PhoneOwner): void => {
  const { [owner]: _closed, ...open } = view$.value.open;
  change({ open });
};
