/** Two phones that are written with a vendor's names, each in a frame: two of the vendors allow one client in a page. */
import { BehaviorSubject, type Observable } from 'rxjs';
import { h } from '../dom.ts';
import { inHand$, takeInHand } from '../view-state.ts';
import { PHONE_OWNERS, person, type PhoneOwner } from '../people.ts';
import { NAMES, type VendorNames } from './names.ts';
import type { Told } from './vendor-phone.ts';

export interface FramedPhone {
  readonly owner: PhoneOwner;
  readonly node: HTMLElement;
  readonly total$: Observable<number>;
}

/** @param tell gets what the phones tell the page. */
export const startFramedPhones = (names: VendorNames, tell: (owner: PhoneOwner, told: Told) => void): readonly FramedPhone[] =>
  PHONE_OWNERS.map((owner) => {
    const total$ = new BehaviorSubject(0);
    const frame = h('iframe', {
      class: 'phone-frame',
      title: `${person(owner).name}’s phone, written for ${NAMES[names]}`,
      src: `/phone.html?names=${names}&owner=${owner}`,
    });
    const node = h('section', { class: 'phone', id: `phone-${owner}`, 'data-owner': owner }, frame);
    addEventListener('message', ({ origin, source, data }: MessageEvent<Told>) => {
      if (origin !== location.origin || source !== frame.contentWindow) return;
      if (data.total !== undefined) total$.next(data.total);
      tell(owner, data);
    });
    // A press in the frame does not reach this page, but the focus does.
    addEventListener('blur', () => {
      if (document.activeElement === frame) takeInHand(owner);
    });
    inHand$.subscribe((holder) => node.toggleAttribute('data-in-hand', holder === owner));
    return { owner, node, total$ };
  });
