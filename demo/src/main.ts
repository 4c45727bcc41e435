/** One page, one origin, two accounts of the library side by side. */
import { combineLatest, debounceTime, filter, first } from 'rxjs';
import { openAccount } from './account.ts';
import { everybodyIsThere } from './away.ts';
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

/** A phone that is live and knows no crew has just been unpacked: then the others say what they said before you came. */
const furnish = (alice: Phone, bob: Phone): void => {
  const clients = [alice.client, bob.client];
  combineLatest([
    combineLatest(clients.map((client) => client.watchConnection())),
    combineLatest(clients.map((client) => client.watchConversation(CREW_CHAT))),
  ])
    .pipe(
      // Two streams of one client are each true of a moment, not of the same one.
      debounceTime(300),
      filter(([connections]) => connections.every(({ state }) => state === 'live')),
      first(),
      filter(([, crews]) => crews.every((crew) => crew === null)),
    )
    .subscribe(() => {
      makeGroup(CREW.id, CREW_MEMBERS)
        .then(everybodyIsThere)
        .then(() => openTheScene(clients))
        // The scene only sets the stage: without it both phones work, and whoever builds on the demo finds the cause.
        .catch((error: unknown) => console.warn('The opening could not be said', error));
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
