/**
 * The tabs of a narrow screen, which shows one phone at a time. The tabs switch between the phones and show
 * both badges.
 */
import type { Observable } from 'rxjs';
import { h, hidden, setText } from './dom.ts';
import { unreadText } from './conversation-list.ts';
import { person, type PhoneOwner } from './people.ts';
import { portrait } from './portrait.ts';
import { inHand$, takeInHand } from './view-state.ts';

interface TabbedPhone {
  readonly owner: PhoneOwner;
  readonly node: HTMLElement;
  readonly total$: Observable<number>;
}

export const startPhoneTabs = (parent: HTMLElement, phones: readonly TabbedPhone[]): void => {
  for (const { owner, total$, node } of phones) {
    const badge = h('span', { class: 'badge', 'aria-hidden': 'true' });
    const words = hidden('');
    const tab = h(
      'button',
      { type: 'button', class: 'phone-tab', 'aria-controls': node.id, click: () => takeInHand(owner) },
      portrait(owner),
      h('span', { class: 'phone-tab-name' }, person(owner).name),
      badge,
      words,
    );
    parent.append(tab);
    inHand$.subscribe((holder) => tab.setAttribute('aria-pressed', String(holder === owner)));
    total$.subscribe((total) => {
      setText(badge, total > 0 ? String(total) : '');
      badge.dataset['shows'] = total > 0 ? 'count' : 'nothing';
      setText(words, `, ${unreadText(total)}`);
    });
  }
};
