/** One page, one origin, two accounts of the library side by side. */
import { combineLatest, debounceTime, filter, first } from 'rxjs';
import { openAccount } from './account.ts';
import { registerOffline } from './offline.ts';
import { openTheScene } from './others.ts';
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

/** A phone that is live and knows nobody has just been unpacked: then the others say what they said before you came. */
const furnish = (alice: Phone, bob: Phone): void => {
  combineLatest([alice, bob].flatMap(({ client }) => [client.watchConnection(), client.watchConversations({ limit: 1 })] as const))
    .pipe(
      // Two streams of one client are each true of a moment, not of the same one.
      debounceTime(300),
      filter((states) => states.every((state) => !('state' in state) || state.state === 'live')),
      first(),
      filter((states) => states.every((state) => !Array.isArray(state) || state.length === 0)),
    )
    .subscribe(() => {
      openTheScene([alice.client, bob.client]).catch((error: unknown) => console.warn('The opening could not be said', error));
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
