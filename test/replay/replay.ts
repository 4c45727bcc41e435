/**
 * Plays traffic with the real server: the person with the most incoming messages is a browser, and the others speak the
 * protocol. Then all is compared with the recount.
 */
import { ServedReceipts } from '../support/serve.ts';
import { Book } from './book.ts';
import { BrowserUser } from './browser-user.ts';
import { Chance } from './chance.ts';
import { compareBrowser, comparePeople } from './compare.ts';
import { Oracle } from './oracle.ts';
import { type Participant, Person } from './person.ts';
import type { Progress } from './progress.ts';
import { serveSite, type Site } from './site.ts';
import type { Comparison } from './tally.ts';
import { busiestAddressee, type Line, readTraffic } from './traffic.ts';

export interface ReplayOptions {
  readonly file: string;
  /** Only the first channel-days, this many. */
  readonly days?: number;
  readonly seed?: number;
  /** Called now and then during the replay. */
  readonly progress?: (progress: Progress) => void;
}

export interface Replayed {
  readonly busiest: string;
  readonly people: number;
  readonly pairs: number;
  readonly messages: number;
  readonly kills: number;
  readonly cuts: number;
  readonly playedMs: number;
  readonly comparisons: readonly Comparison[];
}

const SILENT_MINUTES = 30;
/** Lines of this many persons run side by side. The lines of one person run in order. */
const SIDE_BY_SIDE = 32;

/** Runs the work of each person in order. Work of two persons waits for both. */
class Turns {
  readonly #tails = new Map<string, Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;

  async take(people: readonly string[], work: () => Promise<void>): Promise<void> {
    const before = Promise.all(people.flatMap((person) => this.#tails.get(person) ?? []));
    const run = before
      .then(() => (this.#failure === undefined ? work() : undefined))
      .catch((error: unknown) => void (this.#failure ??= error))
      .finally(() => this.#running.delete(run));
    for (const person of people) this.#tails.set(person, run);
    this.#running.add(run);
    while (this.#running.size >= SIDE_BY_SIDE) await Promise.race(this.#running);
    this.#check();
  }

  async done(): Promise<void> {
    await Promise.all(this.#running);
    this.#check();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure instanceof Error ? this.#failure : new Error('a line could not be played');
  }
}

class Play {
  readonly #book = new Book();
  readonly #turns = new Turns();
  readonly people = new Map<string, Person>();
  browser!: BrowserUser;
  /** By online person, the minute of the last line; the longest silent first. */
  readonly #online = new Map<string, number>();
  readonly #chance: Chance;
  readonly #unreadFrom = new Map<string, Set<string>>();
  readonly #wroteTo = new Map<string, Set<string>>();
  #messages = 0;
  #healAt = Infinity;

  constructor(
    private readonly lines: readonly Line[],
    readonly busiest: string,
    private readonly server: ServedReceipts,
    seed: number,
  ) {
    this.#chance = new Chance(seed);
  }

  async run(site: string, seed: number, progress: (progress: Progress) => void): Promise<void> {
    this.browser = await BrowserUser.start(this.busiest, this.server, site, this.#book, new Chance(seed + 1));
    const ofMessages = this.lines.filter(({ to }) => to !== null).length;
    let day: string | undefined;
    let kill: Promise<void> | undefined;
    for (const [i, line] of this.lines.entries()) {
      if (line.day !== day) await this.#allLeave();
      day = line.day;
      for (const [person, at] of this.#online) {
        if (line.at - at < SILENT_MINUTES) break;
        await this.#leaves(person);
      }
      await this.#play(line, i);
      if (this.#chance.happens(0.002)) {
        kill = this.browser.phone.kill();
        kill.catch(() => undefined); // the next line of this person meets the same failure
      }
      if (this.#chance.happens(0.004)) {
        this.browser.phone.cut();
        this.#healAt = i + this.#chance.between(5, 60);
      }
      if (i >= this.#healAt) {
        this.browser.phone.heal().catch(() => undefined);
        this.#healAt = Infinity;
      }
      const { kills, cuts } = this.browser.phone;
      progress({ lines: i + 1, ofLines: this.lines.length, messages: this.#messages, ofMessages, online: this.#online.size, kills, cuts });
    }
    await this.#allLeave();
    await this.#turns.done();
    await kill;
  }

  #participant(id: string): Participant {
    if (id === this.busiest) return this.browser;
    let person = this.people.get(id);
    if (!person) this.people.set(id, (person = new Person(id, this.server, this.#book)));
    return person;
  }

  /** Waits for the browser's messages to this person. The browser may have written these messages without a network. */
  async #caughtUpWith(person: string): Promise<void> {
    if (person !== this.busiest && this.browser.hasUnsentTo(person)) await this.browser.flushed();
  }

  async #leaves(id: string): Promise<void> {
    this.#online.delete(id);
    await this.#turns.take([id], async () => {
      await this.#caughtUpWith(id);
      await this.#participant(id).goOffline();
    });
  }

  async #allLeave(): Promise<void> {
    for (const id of [...this.#online.keys()]) await this.#leaves(id);
    // A new day begins for all persons after the end of the last one.
    await this.#turns.done();
  }

  async #play({ person: id, at, kind, text, to }: Line, number: number): Promise<void> {
    if (kind === 'leave') {
      if (this.#online.has(id)) await this.#leaves(id);
      return;
    }
    const comes = !this.#online.has(id);
    this.#online.delete(id);
    this.#online.set(id, at);
    const unread = this.#unreadFrom.get(id) ?? new Set();
    const answered = to !== null && this.#wroteTo.get(id)?.has(to) ? to : null;
    const cleared = [...unread].filter((peer) => peer !== answered);
    this.#unreadFrom.delete(id);
    if (to !== null) for (const told of [this.#unreadFrom, this.#wroteTo]) told.set(to, (told.get(to) ?? new Set()).add(id));
    if (!comes && cleared.length === 0 && to === null) return;
    await this.#turns.take(to === null ? [id] : [id, to], async () => {
      const participant = this.#participant(id);
      await this.#caughtUpWith(id);
      if (comes) await participant.comeOnline();
      await participant.read(cleared, answered);
      if (to === null) return;
      await participant.say(to, text, `line-${number}`);
      if (to === this.busiest) this.browser.expectMore();
      this.#messages++;
    });
  }
}

/** Plays and compares. @throws {Error} if the traffic could not be played to its end. */
export const replay = async ({ file, days, seed = 1, progress = () => undefined }: ReplayOptions): Promise<Replayed> => {
  const lines = readTraffic(file, days);
  const busiest = busiestAddressee(lines);
  if (busiest === undefined) throw new Error(`${file}: no message has an addressee`);
  let site: Site | undefined;
  let server: ServedReceipts | undefined;
  let play: Play | undefined;
  try {
    site = await serveSite();
    server = await ServedReceipts.start(['--allow-origin', new URL(site.address).origin]);
    play = new Play(lines, busiest, server, seed);
    const before = performance.now();
    await play.run(site.address, seed, progress);
    const playedMs = performance.now() - before;

    const oracle = new Oracle(lines);
    const comparisons = [...(await comparePeople(oracle, server, play.people)), ...(await compareBrowser(oracle, server, play.browser))];
    const { kills, cuts } = play.browser.phone;
    return {
      busiest,
      people: oracle.people().length,
      pairs: oracle.pairs(),
      messages: oracle.messages(),
      kills,
      cuts,
      playedMs,
      comparisons,
    };
  } finally {
    for (const person of play?.people.values() ?? []) person.close();
    await play?.browser.close();
    await server?.remove();
    await site?.close();
  }
};
