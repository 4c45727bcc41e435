/** Starts the page: two accounts side by side, on one origin, in Tidemark's names or in a vendor's. */
import { combineLatest, debounceTime, filter, firstValueFrom } from 'rxjs';
import type { ReceiptClient } from 'tidemark';
import { openAccount } from './account.ts';
import { openFromAddress } from './open-address.ts';
import { resetAway } from './away.ts';
import { makeGroup } from './dev-server.ts';
import { registerOffline } from './offline.ts';
import { openTheScene } from './others.ts';
import { CREW, CREW_CHAT, CREW_MEMBERS, person, PHONE_OWNERS } from './people.ts';
import { startPhone } from './phone.ts';
import { startPhoneTabs } from './phone-tabs.ts';
import { startServerPanel } from './server-panel.ts';
import { startStory } from './story.ts';
import { startFramedPhones } from './vendors/framed-phones.ts';
import { chosenNames, NAMES, startNamesPicker, type VendorNames } from './vendors/names.ts';
import { h } from './dom.ts';
import { inHand$ } from './view-state.ts';

const within = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
};

/** Fills new phones: if no phone knows the crew, the other people write their opening messages once the phones are live. */
const furnish = async (clients: readonly ReceiptClient[]): Promise<void> => {
  const now$ = combineLatest([
    combineLatest(clients.map((client) => client.watchConnection())),
    combineLatest(clients.map((client) => client.watchConversation(CREW_CHAT))),
  ]).pipe(
    // Two streams of one client may show two moments.
    debounceTime(300),
    filter(([connections, crews]) => crews.some((crew) => crew !== null) || connections.every(({ state }) => state === 'live')),
  );
  const [, crews] = await firstValueFrom(now$);
  if (crews.some((crew) => crew !== null)) return;
  await makeGroup(CREW.id, CREW_MEMBERS);
  resetAway();
  await openTheScene(clients);
};

/** The phones work without the opening messages. The cause is for the developer who started the server, so it goes to the console. */
const notFurnished = (error: unknown): void => console.warn('The opening messages were not sent', error);

const startOwnPhones = (): void => {
  const alice = startPhone('alice', openAccount('alice'), 1);
  const bob = startPhone('bob', openAccount('bob'), -1);
  within('stage').append(alice.node, startServerPanel([alice, bob]).node, bob.node);
  startPhoneTabs(within('phone-tabs'), [alice, bob]);
  startStory(within('story'), bob);
  openFromAddress();
  furnish([alice.client, bob.client]).catch(notFurnished);
};

const startVendorPhones = (names: VendorNames): void => {
  const panel = startServerPanel([]);
  const phones = startFramedPhones(names, (owner, { note, isConnected }) => {
    if (note !== undefined) panel.note(`${person(owner).name}: ${note}`);
    if (isConnected !== undefined) panel.showLink(owner, isConnected ? 'live' : 'down');
  });
  const [alice, bob] = phones.map(({ node }) => node);
  within('stage').append(alice!, panel.node, bob!);
  startPhoneTabs(within('phone-tabs'), phones);
  within('story').append(
    h(
      'p',
      { class: 'story-names' },
      `Both phones are apps for ${NAMES[names]}, over Tidemark’s server. Cut the server, read, reload, connect again.`,
    ),
  );
  const clients = PHONE_OWNERS.map(openAccount);
  furnish(clients)
    .catch(notFurnished)
    .finally(() => Promise.all(clients.map((client) => client.close())));
};

const names = chosenNames();
if (names === 'tidemark') startOwnPhones();
else startVendorPhones(names);
startNamesPicker(within('names-picker'));
inHand$.subscribe((owner) => (document.documentElement.dataset['inHand'] = owner));
registerOffline();
