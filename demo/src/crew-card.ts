/**
 * The card of the group. The people without a phone read, write, leave and join here. Below are the server's
 * rules for groups.
 */
import type { UserId } from 'tidemark';
import { away$, setAway } from './away.ts';
import { type GroupRules, setMember } from './dev-server.ts';
import { h, hidden, setText } from './dom.ts';
import { icon } from './icons.ts';
import { openMenu } from './menu.ts';
import { letOthersWrite, letReadCrew, letWriteToCrew } from './others.ts';
import { CREW, CREW_MEMBERS, OTHERS, person, PHONE_OWNERS } from './people.ts';
import { portrait } from './portrait.ts';
import { changeRules, rules$ } from './rules.ts';
import { createSwitch } from './switch.ts';

const [CAROL = 'carol', ...REST] = OTHERS;

const namesOf = (userIds: readonly UserId[]): string => {
  const names = userIds.map((userId) => person(userId).name);
  const last = names.at(-1) ?? '';
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${last}` : last;
};

export interface CrewCard {
  readonly node: HTMLElement;
  /** Asks the server for its rules. */
  refresh(): Promise<void>;
}

export const startCrewCard = (): CrewCard => {
  let members: ReadonlySet<UserId> = new Set(CREW_MEMBERS);
  const counts = h('p', { class: 'crew-counts' });
  const outcome = h('p', { class: 'crew-outcome', role: 'status' }, '\u00a0');
  const say = (text: string): void => setText(outcome, text);
  const here = (userIds: readonly UserId[]): UserId[] => userIds.filter((userId) => members.has(userId));

  /** Runs the act of a button, one at a time, and shows its outcome. */
  const press = (button: HTMLElement, act: () => Promise<string>): void => {
    if (button.getAttribute('aria-busy') === 'true') return;
    button.setAttribute('aria-busy', 'true');
    act()
      .then(say, (error: unknown) => say(error instanceof Error ? error.message : String(error)))
      .finally(() => button.removeAttribute('aria-busy'));
  };
  const unreached = (who: readonly UserId[]): string => `${namesOf(who)} cannot reach the server now. The entry waits in the outbox.`;
  const read = async (who: readonly UserId[], content?: string): Promise<string> =>
    (await letReadCrew(who, content)) ? `${namesOf(who)} ${who.length === 1 ? 'has' : 'have'} read the group.` : unreached(who);
  const write = async (userId: UserId): Promise<string> =>
    (await letWriteToCrew(userId)) ? `${person(userId).name} wrote in ${CREW.name} and asked for no receipts.` : unreached([userId]);
  const move = async (userId: UserId, comes: boolean): Promise<string> => {
    await setMember(CREW.id, userId, comes);
    setAway(userId, !comes);
    const next = members.size - 1;
    return `${person(userId).name} ${comes ? 'is back' : 'has left'}. The next message asks ${next}; earlier counts stay.`;
  };

  const people = OTHERS.map((userId) => {
    const { name } = person(userId);
    const state = hidden('');
    const button = h(
      'button',
      { type: 'button', class: 'crew-person', 'aria-haspopup': 'menu', 'aria-expanded': 'false' },
      portrait(userId),
      h('span', { class: 'crew-name' }, name),
      state,
    );
    button.addEventListener('click', () => {
      const choose = (act: () => Promise<string>) => () => press(button, act);
      openMenu(
        button,
        name,
        members.has(userId)
          ? [
              { label: 'Read the group', hint: 'Senders who asked get the receipt', choose: choose(() => read([userId])) },
              { label: 'Write in the group', hint: 'Asks for no receipts', choose: choose(() => write(userId)) },
              { label: 'Leave the group', hint: 'Earlier counts stay the same', choose: choose(() => move(userId, false)) },
            ]
          : [{ label: 'Join again', hint: 'Counted from the next message on', choose: choose(() => move(userId, true)) }],
      );
    });
    return {
      node: h('li', {}, button),
      show: () => {
        button.toggleAttribute('data-away', !members.has(userId));
        setText(state, members.has(userId) ? '' : ', has left the group');
      },
    };
  });

  /** @param label the text; the part after a `|` is for screen readers only. */
  const action = (label: string, name: 'eye' | 'pen', act: () => Promise<string>): HTMLButtonElement => {
    const [short = '', rest = ''] = label.split('|');
    const button = h('button', { type: 'button', class: 'button crew-act' }, icon(name), h('span', {}, short, hidden(rest)));
    button.addEventListener('click', () => press(button, act));
    return button;
  };
  const carolReads = action('Let Carol read| the group', 'eye', () => read([CAROL], 'Aye!'));
  const restReads = action('Let the others read| the group', 'eye', () => read(here(REST)));
  const carolAndDanWrite = action('Let Carol and Dan write', 'pen', async () =>
    (await letOthersWrite()) ? 'Carol and Dan have written to both phones.' : unreached(OTHERS.slice(0, 2)),
  );

  const rule = (label: string, next: (on: boolean) => Partial<GroupRules>) =>
    createSwitch(label, null, async (on) => {
      try {
        await changeRules(next(on));
      } catch (error) {
        say(error instanceof Error ? error.message : String(error));
      }
    });
  const allowed = rule('Receipts in groups', (groups) => ({ groups }));
  const visible = rule('Members see counts', (on) => ({ visibleTo: on ? 'members' : 'sender' }));

  rules$.subscribe(({ groups, visibleTo }) => {
    allowed.show(groups);
    visible.show(visibleTo === 'members');
  });
  away$.subscribe((away) => {
    members = new Set(CREW_MEMBERS.filter((userId) => !away.has(userId)));
    setText(counts, `${members.size} members · a message now asks ${members.size - 1}`);
    for (const one of people) one.show();
    carolReads.disabled = !members.has(CAROL);
    restReads.disabled = here(REST).length === 0;
  });

  const node = h(
    'section',
    { class: 'crew', id: 'crew', 'aria-labelledby': 'crew-title' },
    h('div', { class: 'crew-head' }, h('h2', { class: 'crew-title', id: 'crew-title' }, CREW.name), counts),
    h(
      'ul',
      { class: 'crew-people', role: 'list', 'aria-label': `Members of ${CREW.name} beside ${namesOf(PHONE_OWNERS)}` },
      ...people.map((one) => one.node),
    ),
    h('div', { class: 'crew-acts' }, carolReads, restReads, carolAndDanWrite),
    outcome,
    h('div', { class: 'crew-rules', role: 'group', 'aria-label': 'What the server allows in groups' }, allowed.node, visible.node),
  );
  return {
    node,
    refresh: async () => {
      // If the server is not reachable, the server's card shows it.
      await changeRules({}).catch(() => undefined);
    },
  };
};
