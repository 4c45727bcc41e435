/** Plays the traffic as groups, line by line: a group has the order of the file. */
import { Chance } from '../chance.ts';
import type { Door } from '../door.ts';
import type { Progress } from '../progress.ts';
import type { Line } from '../traffic.ts';
import type { BrowserMember } from './browser-member.ts';
import { Member, type Saying } from './member.ts';

/** Every connected device gets every message, so only few are connected, and the others connect for their acts. */
const SILENT_MINUTES = 2;
const MOST_ONLINE = 1;
const ASKS_EVERY = 10;

interface GroupInPlay {
  length: number;
  readonly now: Set<string>;
  readonly ever: Set<string>;
}

export class GroupPlay {
  readonly people = new Map<string, Member>();
  messages = 0;
  readonly #groups = new Map<string, GroupInPlay>();
  /** By connected person, the minute of the last line; the longest silent first. The browser is always connected. */
  readonly #online = new Map<string, number>();
  readonly #chance: Chance;
  #healAt = Infinity;

  constructor(
    private readonly lines: readonly Line[],
    private readonly browser: BrowserMember,
    private readonly door: Door,
    seed: number,
  ) {
    this.#chance = new Chance(seed);
  }

  async run(progress: (progress: Progress) => void): Promise<void> {
    const ofMessages = this.lines.filter(({ kind }) => kind === 'say').length;
    let day: string | undefined;
    for (const [i, line] of this.lines.entries()) {
      if (line.day !== day) this.#allLeave();
      day = line.day;
      this.#silentLeave(line.at);
      await this.#play(line);
      await this.#trouble(i);
      const { kills, cuts } = this.browser.phone;
      progress({
        lines: i + 1,
        ofLines: this.lines.length,
        messages: this.messages,
        ofMessages,
        online: this.#online.size + 1,
        kills,
        cuts,
      });
    }
    this.#allLeave();
    await this.browser.flushed();
  }

  /** Kills and cuts of the browser between its lines. */
  async #trouble(i: number): Promise<void> {
    const { phone } = this.browser;
    if (this.#chance.happens(0.002)) await phone.kill();
    if (this.#chance.happens(0.004)) {
      phone.cut();
      this.#healAt = i + this.#chance.between(5, 60);
    }
    if (i < this.#healAt) return;
    await phone.heal();
    this.#healAt = Infinity;
  }

  #silentLeave(at: number): void {
    for (const [person, since] of this.#online) {
      if (at - since < SILENT_MINUTES && this.#online.size <= MOST_ONLINE) break;
      this.#online.delete(person);
      this.people.get(person)!.goOffline();
    }
  }

  #allLeave(): void {
    for (const person of this.#online.keys()) this.people.get(person)!.goOffline();
    this.#online.clear();
  }

  async #group(name: string): Promise<GroupInPlay> {
    let group = this.#groups.get(name);
    if (!group) {
      this.#groups.set(name, (group = { length: 0, now: new Set(), ever: new Set() }));
      await this.door.server.createGroup(name);
    }
    return group;
  }

  async #play({ day, at, person, kind, text }: Line): Promise<void> {
    const group = await this.#group(day);
    if (kind === 'leave') return this.#leave(day, group, person);
    const wasHere = group.ever.has(person);
    if (!group.now.has(person)) {
      await this.door.server.addMember(day, person);
      group.now.add(person);
      group.ever.add(person);
    }
    if (kind === 'join' && !wasHere) return;
    const saying: Saying | undefined = kind === 'say' ? { text, asks: group.length % ASKS_EVERY === 0 } : undefined;
    await this.#participant(person, at).act(day, group.length, saying);
    if (!saying) return;
    group.length++;
    this.messages++;
    if (group.now.has(this.browser.userId)) this.browser.expect(day, group.length);
  }

  async #leave(day: string, group: GroupInPlay, person: string): Promise<void> {
    if (!group.now.delete(person)) return;
    if (person === this.browser.userId) await this.browser.leaves(day, group.length);
    await this.door.server.removeMember(day, person);
  }

  #participant(id: string, at: number): BrowserMember | Member {
    if (id === this.browser.userId) return this.browser;
    let person = this.people.get(id);
    if (!person) this.people.set(id, (person = new Member(id, this.door)));
    this.#online.delete(id);
    this.#online.set(id, at);
    return person;
  }

  close(): void {
    for (const person of this.people.values()) person.goOffline();
  }
}
