/** Starts the page: two accounts of the library side by side, on one origin. */
import { combineLatest, debounceTime, filter, first } from 'rxjs';
import { openAccount } from './account.ts';
import { resetAway } from './away.ts';
import { makeGroup } from './dev-server.ts';
import { registerOffline } from './offline.ts';
import { openTheScene } from './others.ts';
import { CREW, CREW_CHAT, CREW_MEMBERS } from './people.ts';
import { type Phone, startPhone } from './phone.ts';
import { startPhoneTabs } from './phone-tabs.ts';
import { startServerPanel } from './server-panel.ts';
import { startStory } from './story.ts';
import { inHand$ } from './view-state.ts';

const within = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
};

/**
 * Fills new phones. If both phones are live and know no crew, the other people write their opening messages.
 */
const furnish = (alice: Phone, bob: Phone): void => {
  const clients = [alice.client, bob.client];
  combineLatest([
    combineLatest(clients.map((client) => client.watchConnection())),
    combineLatest(clients.map((client) => client.watchConversation(CREW_CHAT))),
  ])
    .pipe(
      // Two streams of one client may show two moments.
      debounceTime(300),
      filter(([connections]) => connections.every(({ state }) => state === 'live')),
      first(),
      filter(([, crews]) => crews.every((crew) => crew === null)),
    )
    .subscribe(() => {
      makeGroup(CREW.id, CREW_MEMBERS)
        .then(resetAway)
        .then(() => openTheScene(clients))
        // Both phones work without the opening messages; the console shows the cause.
        .catch((error: unknown) => console.warn('The opening messages were not sent', error));
    });
};

const start = (): void => {
  const alice = startPhone('alice', openAccount('alice'), 1);
  const bob = startPhone('bob', openAccount('bob'), -1);
  const stage = within('stage');
  stage.append(alice.node, startServerPanel([alice, bob]).node, bob.node);
  startPhoneTabs(within('phone-tabs'), [alice, bob]);
  startStory(within('story'), bob);
  inHand$.subscribe((owner) => (document.documentElement.dataset['inHand'] = owner));
  furnish(alice, bob);
};

start();
registerOffline();
