/** What stands between the phones: the server, the switch that cuts it for both, and a ledger of what reached whom. */
import { pairwise } from 'rxjs';
import type { ReceiptEvent } from 'tidemark';
import { askServer, cutServer, type ServerState } from './dev-server.ts';
import { h, keyedList, prefersStillness, setText } from './dom.ts';
import { icon } from './icons.ts';
import { letOthersWrite } from './others.ts';
import { person } from './people.ts';
import type { Phone } from './phone.ts';
import { createSwitch } from './switch.ts';
import { exactTime } from './time.ts';

const LEDGER_LINES = 8;
const ASK_AGAIN_MS = 3000;

const STATE_TEXT: Readonly<Record<ServerState, string>> = {
  answers: 'Answering',
  cut: 'Answering nobody',
  unreachable: 'Not running',
};

interface Entry {
  readonly key: string;
  readonly at: number;
  readonly text: string;
  readonly times: number;
}

const newsText = (event: ReceiptEvent, me: string): string | null => {
  const count = (ids: readonly string[]): string => (ids.length === 0 ? '' : ` ${ids.length}`);
  switch (event.type) {
    case 'delivered':
      return `${person(event.by).name} → ${me}: delivered${count(event.messageIds)}`;
    case 'read':
      return `${person(event.by).name} → ${me}: read${count(event.messageIds)}`;
    case 'conversationRead':
      return event.self ? null : `${person(event.by).name} → ${me}: read the chat`;
    case 'message':
      return `${person(event.message.senderId).name} → ${me}: message`;
    case 'rejected':
      return `server → ${me}: refused, ${event.deadLetter.code}`;
    default:
      return null;
  }
};

/** A spark runs along the line between a phone and the server. */
const spark = (link: HTMLElement, towardsServer: boolean): void => {
  if (prefersStillness()) return;
  const dot = h('span', { class: 'spark' });
  link.append(dot);
  const ends: Keyframe[] = [{ '--along': '0' }, { '--along': '1' }];
  const run = dot.animate(towardsServer ? ends : ends.toReversed(), { duration: 620, easing: 'cubic-bezier(.4,0,.3,1)' });
  run.onfinish = () => dot.remove();
  run.oncancel = run.onfinish;
};

export interface ServerPanel {
  readonly node: HTMLElement;
}

export const startServerPanel = (phones: readonly Phone[]): ServerPanel => {
  const stateText = h('p', { class: 'server-state', role: 'status' }, '\u00a0');
  const ledger = h('ol', { class: 'ledger', role: 'list', 'aria-label': 'Who told whom, newest first' });
  const write = h('button', { type: 'button', class: 'button others' }, icon('pen'), h('span', {}, 'Let Carol and Dan write'));
  const links = new Map(
    phones.map(({ owner }) => [owner, h('span', { class: `link link-${owner}`, 'data-link': 'trying', 'aria-hidden': 'true' })]),
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
    // Somebody else may restart or heal it: asked again only while something is wrong.
    if (next !== 'answers') timer = setTimeout(() => void look(), ASK_AGAIN_MS);
  };
  const look = async (): Promise<void> => show(await askServer());
  const cutSwitch = createSwitch('Cut| for both', null, async (cut) => {
    show(await cutServer(cut));
    // What a browser does when the network is back; the library would try by itself, when its wait is over.
    if (state === 'answers') dispatchEvent(new Event('online'));
  });
  cutSwitch.node.setAttribute('aria-label', 'Cut for both phones');

  let entries: readonly Entry[] = [];
  let told = 0;
  const showLedger = keyedList<Entry>(
    ledger,
    ({ key }) => key,
    () => {
      const time = h('time');
      const line = h('span');
      return {
        node: h('li', { class: 'ledger-line' }, time, line),
        update: ({ at, text, times }) => {
          setText(time, exactTime(at));
          setText(line, times > 1 ? `${text} × ${times}` : text);
        },
      };
    },
  );
  const note = (text: string): void => {
    const [newest, ...rest] = entries;
    const again = newest?.text === text;
    const entry = { key: again ? newest.key : String(told++), at: Date.now(), text, times: again ? newest.times + 1 : 1 };
    entries = [entry, ...(again ? rest : entries)].slice(0, LEDGER_LINES);
    node.toggleAttribute('data-told', true);
    showLedger(entries);
  };

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
        note(`${name} → server: ${gone} ${gone === 1 ? 'entry' : 'entries'}`);
      });
    client.watchEvents().subscribe((event) => {
      const text = newsText(event, name);
      if (text === null) return;
      spark(link, false);
      note(text);
    });
    client.watchConnection().subscribe((connection) => {
      link.dataset['link'] = connection.paused
        ? 'paused'
        : connection.state === 'live'
          ? 'live'
          : connection.state === 'offline'
            ? 'down'
            : 'trying';
      if ((connection.state === 'live') !== (state === 'answers')) void look();
    });
  }

  write.addEventListener('click', () => {
    if (write.getAttribute('aria-busy') === 'true') return;
    write.setAttribute('aria-busy', 'true');
    letOthersWrite()
      .then(
        (sent) => (sent ? undefined : note('Carol and Dan cannot reach the server: they will try again the next time they write')),
        (error: unknown) => note(`Carol and Dan could not write: ${error instanceof Error ? error.message : String(error)}`),
      )
      .finally(() => write.removeAttribute('aria-busy'));
  });

  node.append(
    ...links.values(),
    h(
      'div',
      { class: 'server-card' },
      h('span', { class: 'server-mark', 'aria-hidden': 'true' }, icon('wave')),
      h('h2', { class: 'server-name', id: 'server-name' }, 'Server'),
      stateText,
      cutSwitch.node,
    ),
    h('div', { class: 'ledger-card' }, h('p', { class: 'ledger-empty' }, 'Who tells whom shows here, once each.'), ledger),
    write,
  );
  void look();
  return { node };
};
