/**
 * The panel between the phones: the server with the switch that cuts it off, the group, and the ledger of
 * events.
 */
import { pairwise } from 'rxjs';
import { startCrewCard } from './crew-card.ts';
import { askServer, cutServer, type ServerState } from './dev-server.ts';
import { h, hidden, prefersStillness, setText } from './dom.ts';
import { icon } from './icons.ts';
import { createLedger, eventText } from './ledger.ts';
import { startNotifying } from './notifying.ts';
import { person, PHONE_OWNERS, type PhoneOwner } from './people.ts';
import type { Phone } from './phone.ts';
import { createSwitch } from './switch.ts';

const ASK_AGAIN_MS = 3000;
const NARROW = '(max-width: 1020px)';

const STATE_TEXT: Readonly<Record<ServerState, string>> = {
  answers: 'Connected',
  cut: 'Cut off from both phones',
  unreachable: 'Not reachable',
};

/** Animates a spark along the line between a phone and the server. */
const spark = (link: HTMLElement, towardsServer: boolean): void => {
  if (prefersStillness()) return;
  const dot = h('span', { class: 'spark' });
  link.append(dot);
  const ends: Keyframe[] = [{ '--along': '0' }, { '--along': '1' }];
  const run = dot.animate(towardsServer ? ends : ends.toReversed(), { duration: 620, easing: 'cubic-bezier(.4,0,.3,1)' });
  run.onfinish = () => dot.remove();
  run.oncancel = run.onfinish;
};

/** Turns the card into a drawer behind a button on a narrow screen. */
const asDrawer = (card: HTMLElement): void => {
  const narrow = matchMedia(NARROW);
  const fit = (): void => {
    if (narrow.matches) card.setAttribute('popover', 'auto');
    else card.removeAttribute('popover');
  };
  narrow.addEventListener('change', fit);
  fit();
};

/** The phones that have a page of their own. */
const framesHere = (): Window[] =>
  Array.from({ length: frames.length }, (_, index) => frames[index]).filter((frame) => frame !== undefined);

export interface ServerPanel {
  readonly node: HTMLElement;
  /** Adds a line to the ledger. */
  note(text: string): void;
  showLink(owner: PhoneOwner, look: 'live' | 'down'): void;
}

export const startServerPanel = (phones: readonly Phone[]): ServerPanel => {
  const stateText = h('p', { class: 'server-state', role: 'status' }, '\u00a0');
  const ledger = createLedger();
  const crew = startCrewCard();
  asDrawer(crew.node);
  const links = new Map(
    PHONE_OWNERS.map((owner) => [owner, h('span', { class: `link link-${owner}`, 'data-link': 'trying', 'aria-hidden': 'true' })]),
  );
  const node = h('section', { class: 'server', 'aria-labelledby': 'server-name' });

  let state: ServerState = 'answers';
  let timer: ReturnType<typeof setTimeout> | undefined;
  const show = (next: ServerState): void => {
    state = next;
    node.dataset['state'] = next;
    setText(stateText, STATE_TEXT[next]);
    cutSwitch.show(next === 'cut');
    clearTimeout(timer);
    // While the server does not answer, the panel asks again: the server may be restarted elsewhere.
    if (next !== 'answers') timer = setTimeout(() => void refresh(), ASK_AGAIN_MS);
  };
  const refresh = async (): Promise<void> => {
    show(await askServer());
    if (state === 'answers') await crew.refresh();
  };
  const cutSwitch = createSwitch('Cut', null, async (cut) => {
    show(await cutServer(cut));
    // A browser dispatches this event when the network is back. Without it, the library tries again after its
    // wait.
    if (state === 'answers') for (const page of [window, ...framesHere()]) page.dispatchEvent(new Event('online'));
  });
  cutSwitch.node.setAttribute('aria-label', 'Cut for both phones');
  const notify = phones.length > 0 ? startNotifying(phones.map(({ client }) => client)) : null;

  for (const { owner, client } of phones) {
    const { name } = person(owner);
    const link = links.get(owner);
    if (!link) continue;
    client
      .watchOutbox()
      .pipe(pairwise())
      .subscribe(([before, after]) => {
        const gone = before.pending - after.pending;
        if (gone <= 0) return;
        spark(link, true);
        ledger.note(`${name} → server: ${gone} ${gone === 1 ? 'entry' : 'entries'}`);
      });
    client.watchEvents().subscribe((event) => {
      const text = eventText(event, name);
      if (text === null) return;
      spark(link, false);
      ledger.note(text);
    });
    client.watchConnection().subscribe((connection) => {
      link.dataset['link'] = connection.paused
        ? 'paused'
        : connection.state === 'live'
          ? 'live'
          : connection.state === 'offline'
            ? 'down'
            : 'trying';
      if ((connection.state === 'live') !== (state === 'answers')) void refresh();
    });
  }

  node.append(
    ...links.values(),
    h(
      'div',
      { class: 'server-card' },
      h('span', { class: 'server-mark', 'aria-hidden': 'true' }, icon('wave')),
      h('h2', { class: 'server-name', id: 'server-name' }, 'Server'),
      stateText,
      h('div', { class: 'server-switches' }, notify, cutSwitch.node),
    ),
    h(
      'button',
      { type: 'button', class: 'button crew-open', popovertarget: 'crew' },
      icon('people'),
      hidden('The group and its members without a phone'),
    ),
    crew.node,
    ledger.node,
  );
  void refresh();
  return {
    node,
    note: ledger.note,
    showLink: (owner, look) => {
      links.get(owner)?.setAttribute('data-link', look);
      if ((look === 'live') !== (state === 'answers')) void refresh();
    },
  };
};
