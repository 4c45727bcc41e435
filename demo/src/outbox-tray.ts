/** The outbox at the foot of a phone, with one chip for each pending entry. */
import { combineLatest, interval, map, startWith, type Subscription, switchMap, of } from 'rxjs';
import type { OutboxStatus, ReceiptClient } from 'tidemark';
import { h, keyedList, prefersStillness, type Row, setText } from './dom.ts';
import { icon } from './icons.ts';
import { age } from './time.ts';

const MAX_CHIPS = 5;

interface Chip {
  readonly key: string;
  readonly inFlight: boolean;
}

const createChip = (): Row<Chip> => {
  const node = h('span', { class: 'chip' }, icon('out'));
  if (!prefersStillness())
    node.animate([{ opacity: 0, transform: 'translateY(-10px) scale(.6)' }, {}], { duration: 280, easing: 'cubic-bezier(.2,.9,.3,1.3)' });
  return { node, update: ({ inFlight }) => node.toggleAttribute('data-in-flight', inFlight) };
};

/** Moves a copy of each sent chip towards the server. */
const flyAway = (chips: HTMLElement, gone: number, towards: 1 | -1): void => {
  if (prefersStillness()) return;
  for (let i = 0; i < gone; i++) {
    const ghost = h('span', { class: 'chip chip-ghost', 'aria-hidden': 'true', style: `left: ${i * 25}px` }, icon('out'));
    chips.append(ghost);
    const flight = ghost.animate([{}, { opacity: 0, transform: `translate(${towards * 90}px, -14px) scale(.7)` }], {
      duration: 520,
      delay: i * 60,
      easing: 'cubic-bezier(.5,0,.8,.4)',
      fill: 'both',
    });
    flight.onfinish = () => ghost.remove();
    flight.oncancel = flight.onfinish;
  }
};

export const outboxText = ({ pending, oldestAt, inFlight }: OutboxStatus): string => {
  if (pending === 0) return 'Empty: everything is sent';
  const parts = [`${pending} ${pending === 1 ? 'entry' : 'entries'}`];
  if (oldestAt !== null) parts.push(`oldest ${age(oldestAt)}`);
  parts.push(inFlight > 0 ? `${inFlight} on the way` : 'waiting');
  return parts.join(' · ');
};

/** @param towards the side of the server, seen from this phone: 1 right, -1 left. */
export const startOutboxTray = (client: ReceiptClient, parent: HTMLElement, towards: 1 | -1): Subscription => {
  const list = h('span', { class: 'chips-list' });
  const overflow = h('span', { class: 'chips-more' });
  const chips = h('span', { class: 'chips', 'aria-hidden': 'true' }, list, overflow);
  const text = h('p', { class: 'tray-text' }, '\u00a0');
  parent.append(h('h3', { class: 'tray-title' }, 'Outbox'), text, chips);
  const show = keyedList<Chip>(list, ({ key }) => key, createChip);
  let before = 0;
  const outbox$ = client.watchOutbox();
  const subscription = outbox$.subscribe(({ pending, inFlight }) => {
    const gone = Math.min(before, MAX_CHIPS) - Math.min(pending, MAX_CHIPS);
    if (gone > 0) flyAway(chips, gone, towards);
    before = pending;
    show(Array.from({ length: Math.min(pending, MAX_CHIPS) }, (_, index) => ({ key: String(index), inFlight: index < inFlight })));
    setText(overflow, pending > MAX_CHIPS ? `+${pending - MAX_CHIPS}` : '');
    parent.toggleAttribute('data-pending', pending > 0);
  });
  // The age of the oldest entry changes every second while entries are pending.
  const aged$ = outbox$.pipe(
    switchMap((outbox) =>
      outbox.pending === 0 ? of(outbox) : combineLatest([of(outbox), interval(1000).pipe(startWith(0))]).pipe(map(([now]) => now)),
    ),
  );
  subscription.add(aged$.subscribe((outbox) => setText(text, outboxText(outbox))));
  return subscription;
};
