/** A running world: its devices, the state on their screens, their pending entries, and the violations so far. */
import type { Subscription } from 'rxjs';
import type { Conversation } from '../../src/model/conversation/conversation.ts';
import type { ReceiptSettings } from '../../src/model/message/receipt-settings.ts';
import type { ServerFrame } from '../../src/protocol/frames.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';
import type { VirtualTab } from '../../src/testing/virtual-tab.ts';
import { CONNECTING } from '../../src/testing/virtual-network.ts';
import type { TestWorld } from '../../src/testing/world.ts';
import { Blocks } from './blocks.ts';
import { Book, type Chat, chatOf } from './book.ts';
import type { Config } from './config.ts';
import { Confirmed } from './confirmed.ts';
import { Ending } from './ending.ts';
import { Questions } from './questions.ts';
import { News } from './news.ts';
import { Notices } from './notices.ts';
import { judgeEvent } from './events.ts';
import { Ledger } from './ledger.ts';
import { Loads } from './loads.ts';
import { drawEncryption, SealedDisk, textOf } from './sealed.ts';
import { Silence } from './silence.ts';
import { judgeTables } from './tables.ts';
import { mentionsOf, type Truth, truthOf, undeliveredIn, unreadOf } from './truths.ts';
import { type Said, Talk } from './talk.ts';

export class Violation extends Error {
  constructor(
    readonly invariant: string,
    readonly why: string,
    readonly step: number,
  ) {
    super(`${invariant}: ${why}`);
  }
}

/** A tab reads the store every 10 s, even if it gets no hint of another tab's write. */
const PAUSED_AFTER_MS = 60_000;

/** The latest state shown by a tab. */
export interface Screen {
  readonly tab: VirtualTab;
  readonly chats: Map<Chat, Conversation>;
  total: number;
  totalMentions: number;
  totalConversations: number;
  totalArchived: number;
  /** The chats in the list, and the chats in the list of archived chats. */
  listed: ReadonlySet<Chat>;
  listedArchived: ReadonlySet<Chat>;
  pending: number;
  connection: string;
  paused: boolean;
  /** The account's receipt settings. */
  account: ReceiptSettings;
  /** By id: the message of a dead letter, if it is one of a message. */
  readonly deadLetters: Map<string, string | null>;
  /** The tab logs out: for a last moment the tab shows its pending entries as cancelled. */
  leaves: boolean;
  /** A page of this tab asked for the log-out. */
  asksToLeave: boolean;
  readonly subscriptions: Subscription[];
  /** Judges the events of the tab over time. */
  readonly news: News;
  /** Judges the answers of the tab about messages. */
  readonly loads: Loads;
}

export interface Home {
  readonly device: VirtualDevice;
  readonly ledger: Ledger;
  readonly sealed: SealedDisk;
  readonly screens: Map<VirtualTab, Screen>;
  /** The highest position shown, by chat, since the account was opened here and in this history of the server. */
  readonly highest: Map<Chat, number>;
  /** After a log-out no frame leaves until the next log-in. */
  loggedOut: boolean;
  /** The number of tabs with a begun opening. A tab that opens during a log-out logs in again. */
  opens: number;
  opening: number;
  readonly silent: boolean;
  readonly notices: Notices;
  /** The client got a final error, which lasts until a reload. */
  mayStop: boolean;
  /** The time since which no frame may leave the device, as its user was told; `null` if frames may leave. */
  pausedSince: number | null;
  /** While read receipts are surely off on this device: the newest message of each chat at the switch. */
  offSince: ReadonlyMap<Chat, number> | null;
}

/** The hints between tabs grow with the square of their number. */
const MOST_TABS = 8;

export class Simulation {
  readonly book = new Book();
  readonly homes: Home[] = [];
  readonly counts = new Map<string, number>();
  readonly points = new Set<string>();
  readonly groups = new Map<string, Set<string>>();
  violation: Violation | null = null;
  private readonly silence = new Silence();
  /** Users whose account sends no read receipts by the server's tables; a new object at each such switch. */
  readonly accountOff = new Map<string, object>();
  restored = false;
  membersChanged = false;
  /** Whether the server's policy has changed. */
  policyChanged = false;
  /** Functions called for every leaving frame of a device. */
  readonly leaving = new Set<(home: Home, text: string, process: VirtualProcess) => void>();
  /** Functions called for every arriving frame of a device. */
  readonly arriving = new Set<(frame: ServerFrame, process: VirtualProcess) => void>();
  /** Whether the faults have stopped: from then on every refusal is wrong. */
  resting = false;
  asleep = false;
  truths = new Map<Chat, Truth>();
  private readonly encrypting: SeededRandom;
  private readonly keys = new Set<string>();

  constructor(
    readonly world: TestWorld,
    readonly config: Config,
    readonly blocks = new Blocks(
      () => world,
      () => world.random.fork('host'),
    ),
  ) {
    this.encrypting = world.random.fork('encrypt');
    world.server.committed = () => this.look();
  }

  violated = (invariant: string, why: string): void => {
    this.violation ??= new Violation(invariant, why, this.world.time.steps);
    this.world.time.note(`VIOLATED ${invariant}: ${why}`);
  };

  private readonly talk = new Talk(this);
  readonly questions = new Questions(this);
  readonly ending = new Ending(this);
  private readonly confirmed = new Confirmed(this);

  count = (kind: string): void => void this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);

  /** Reads the server's tables and checks the rules for every moment. */
  look(compare = true): void {
    const before = this.truths;
    const dump = this.world.server.dump();
    this.truths = truthOf(dump, before);
    for (const { userId, readReceipts } of dump.accounts)
      if (readReceipts.value) this.accountOff.delete(userId);
      else if (!this.accountOff.has(userId)) this.accountOff.set(userId, {});
    judgeTables(this.truths, compare ? before : null, this.violated);
    if (compare) this.ending.judge(this.truths, before, this.violated);
    if (compare && !this.restored) this.silence.judge(this.truths, before, this.homes, (why) => this.violated('I-6', why));
    else this.silence.forget();
  }

  /** The newest seq of a chat, or of all chats if none is named. */
  latestOf(chat: Chat | null): number {
    if (chat !== null) return this.truths.get(chat)?.messages.length ?? 0;
    return Math.max(0, ...[...this.truths.values()].map(({ messages }) => messages.length));
  }

  addHome(device: VirtualDevice, silent: boolean): Home {
    const ledger = new Ledger(device.name, this.keys, this.violated);
    const home: Home = {
      device,
      ledger,
      sealed: new SealedDisk(device, this.violated),
      screens: new Map(),
      highest: new Map(),
      loggedOut: false,
      opens: 0,
      opening: 0,
      silent,
      notices: new Notices(this, { device }, this.world.random.fork(`notices ${device.name}`)),
      mayStop: false,
      pausedSince: null,
      offSince: null,
    };
    device.disk.committed = (what) => {
      for (const write of what.writes)
        if (write.op === 'put' && write.table === 'log')
          this.world.time.note(`${what.process.name} ${what.name} wrote ${textOf('log', write.record)}`);
      ledger.commit(what);
      home.sealed.commit(what);
      // The account ends here, also for a tab that dies before the answer to its log-out.
      if (what.name === 'wipe-unrecorded') home.pausedSince = home.offSince = null;
    };
    device.disk.lost = () => {
      home.pausedSince = home.offSince = null;
      ledger.lost(device.disk.get('meta', 'head') as Parameters<Ledger['lost']>[0]);
    };
    device.network.count = this.count;
    device.network.arrives = (process, frame, request) => {
      this.talk.hears(process.name, frame, request);
      this.confirmed.hears(device.userId, process.name, frame);
      for (const listener of this.arriving) listener(frame, process);
    };
    device.network.leaves = (process, text) => {
      if (home.loggedOut && process.alive) this.violated('I-26', `${process.name} says ${text.slice(0, 80)} after the log-out`);
      if (home.pausedSince !== null && this.world.time.now - home.pausedSince > PAUSED_AFTER_MS)
        this.violated('I-26', `${process.name} says ${text.slice(0, 80)}, and is paused`);
      if (text === CONNECTING) ledger.connects(process);
      else this.judgeOrder(ledger, process, text);
      this.talk.says(process.name, text === CONNECTING ? 10 : 1);
      for (const listener of this.leaving) listener(home, text, process);
    };
    this.homes.push(home);
    return home;
  }

  private judgeOrder(ledger: Ledger, process: VirtualProcess, text: string): void {
    if (!text.includes('"type":"submit"')) return;
    const said = JSON.parse(text) as Said | readonly Said[];
    if (Array.isArray(said)) ledger.connects(process);
    for (const { id, entries } of ([said].flat() as readonly Said[]).filter(({ type }) => type === 'submit')) {
      ledger.submits(process, entries);
      this.confirmed.submits(entries);
      this.talk.submits(process.name, id, entries[0]?.key ?? '', Array.isArray(said) ? text : undefined);
    }
  }

  /** Opens a tab. The caller tries again if the disk refuses. @param encrypts the page's option; default: drawn */
  async open(home: Home, encrypts?: boolean): Promise<void> {
    const { device } = home;
    if (device.openTabs.length >= MOST_TABS) return;
    home.opens++;
    home.opening++;
    home.loggedOut = false;
    if (this.config.faults.has('encrypt')) drawEncryption(device, this.encrypting, encrypts);
    try {
      const tab = await device.openTab(home.silent ? { readReceipts: false, deliveryReceipts: false } : {});
      this.watch(home, tab);
    } catch (error) {
      this.count('tab did not open');
      if (this.resting && !String(error).includes('died on its way'))
        this.violated('I-14', `${device.name}: a tab does not open: ${String(error)}`);
    } finally {
      home.opening--;
    }
  }

  private watch(home: Home, tab: VirtualTab): void {
    const { device } = home;
    const shown: Omit<Screen, 'news' | 'loads'> = {
      tab,
      chats: new Map(),
      total: 0,
      totalMentions: 0,
      totalConversations: 0,
      totalArchived: 0,
      listed: new Set(),
      listedArchived: new Set(),
      pending: 0,
      connection: 'offline',
      paused: false,
      account: { readReceipts: true, deliveryReceipts: true },
      deadLetters: new Map(),
      leaves: false,
      asksToLeave: false,
      subscriptions: [],
    };
    this.questions.follow(tab);
    const loads = new Loads(this, tab, device.userId, () => shown.leaves);
    const screen: Screen = Object.assign(shown, { news: new News(this, home, shown), loads });
    home.screens.set(tab, screen);
    const alive = (): boolean => tab.process.alive;
    const { subscriptions } = screen;
    subscriptions.push(
      tab.watch({ of: 'conversations', limit: 100 }).subscribe((list) => {
        if (!alive()) return;
        screen.listed = new Set(list.map(({ id }) => chatOf(device.userId, id)));
        for (const conversation of list) this.shown(home, screen, conversation);
      }),
      tab.watch({ of: 'conversations', limit: 100, archived: true }).subscribe((list) => {
        if (!alive()) return;
        screen.listedArchived = new Set(list.map(({ id }) => chatOf(device.userId, id)));
        for (const conversation of list) this.shown(home, screen, conversation);
      }),
      tab.watch({ of: 'total-unread', wanted: { of: 'conversations' } }).subscribe((total) => {
        if (alive()) screen.totalConversations = total;
      }),
      tab.watch({ of: 'total-unread', wanted: { archived: true } }).subscribe((total) => {
        if (alive()) screen.totalArchived = total;
      }),
      tab.watch({ of: 'total-unread' }).subscribe((total) => {
        if (!alive()) return;
        screen.total = total;
        if (total < 0) this.violated('I-15', `${device.name} shows ${total} unread`);
      }),
      tab.watch({ of: 'total-unread', wanted: { of: 'mentions' } }).subscribe((total) => {
        if (!alive()) return;
        screen.totalMentions = total;
        if (total < 0) this.violated('I-15', `${device.name} shows ${total} mentions`);
      }),
      tab.watch({ of: 'badge' }).subscribe((totals) => {
        if (alive() && totals !== null && !home.ledger.knowsServer)
          this.violated('I-12', `${tab.process.name} shows ${JSON.stringify(totals)} before its first snapshot`);
      }),
      tab.watch({ of: 'receipt-settings' }).subscribe(({ account }) => {
        if (alive()) screen.account = account;
      }),
      tab.watch({ of: 'outbox' }).subscribe(({ pending }) => {
        if (alive()) screen.pending = pending;
      }),
      tab.watch({ of: 'connection' }).subscribe(({ state, paused, asOf }) => {
        if (!alive()) return;
        screen.news.isAsOf(asOf);
        screen.connection = state;
        if (state === 'stopped' && !home.mayStop) this.violated('I-14', `${tab.process.name} has stopped without a final error`);
        screen.paused = paused;
      }),
      tab.watch({ of: 'dead-letters' }).subscribe((letters) => {
        if (!alive()) return;
        screen.deadLetters.clear();
        for (const { id, kind, messageIds } of letters) screen.deadLetters.set(id, kind === 'message' ? (messageIds[0] ?? null) : null);
      }),
      tab.watch({ of: 'events' }).subscribe(({ event }) => {
        if (!alive()) return;
        this.count(`event ${event.type}`);
        screen.news.hears(event);
        for (const { invariant, why } of judgeEvent(this, device.userId, event)) this.violated(invariant, `${tab.process.name}: ${why}`);
      }),
    );
    const leave = this.config.faults.has('push') ? home.notices.page(tab) : undefined;
    tab.process.onEnd(() => {
      leave?.();
      for (const subscription of subscriptions) subscription.unsubscribe();
      home.screens.delete(tab);
    });
  }

  private shown(home: Home, screen: Screen, conversation: Conversation): void {
    const { id, unreadCount, mentionCount, exact, readUpTo, latestSeq, lastMessage } = conversation;
    const { name, userId } = home.device;
    const chat = chatOf(userId, id);
    screen.chats.set(chat, conversation);
    if (unreadCount < 0 || unreadCount > latestSeq) this.violated('I-15', `${name}: ${chat} shows ${unreadCount} of ${latestSeq}`);
    if (mentionCount < 0 || (exact && mentionCount > unreadCount))
      this.violated('I-15', `${name}: ${chat} shows ${mentionCount} mentions in ${unreadCount} unread messages`);
    const before = home.highest.get(chat) ?? 0;
    // A tab behind the log may show a lower position than another tab, and never a lower position than its
    // own before. An entry that the server refuses leaves the overlay, and only a group refuses one.
    if (readUpTo < before && !this.restored && !screen.leaves && !chat.startsWith('group:')) {
      const own = screen.chats.get(chat);
      if (own && this.lastShown.get(screen)?.get(chat) !== undefined && readUpTo < this.lastShown.get(screen)!.get(chat)!)
        this.violated('I-4', `${screen.tab.process.name}: ${chat} went back from ${before} to ${readUpTo}`);
    }
    home.highest.set(chat, Math.max(before, readUpTo));
    const last = this.lastShown.get(screen) ?? new Map<Chat, number>();
    last.set(chat, readUpTo);
    this.lastShown.set(screen, last);
    if (latestSeq > this.latestOf(chat) && !this.restored)
      this.violated('I-5', `${name}: ${chat} shows ${latestSeq} messages of ${this.latestOf(chat)}`);
    const body = lastMessage?.body as { chat?: string } | null | undefined;
    if (body && body.chat !== chat) this.violated('I-23', `${name} was shown ${JSON.stringify(body)} in ${chat}`);
  }
  private readonly lastShown = new WeakMap<Screen, Map<Chat, number>>();

  /** The remaining differences; none when the world has come to rest. */
  unsettled(): string[] {
    const problems = this.blocks.unconfirmed.map((reader) => `the host has no answer about what counts for ${reader}`);
    for (const home of this.homes) {
      const { device, screens, ledger } = home;
      if (ledger.pending.size > 0) problems.push(`${device.name} has ${[...ledger.pending.keys()].join()} pending on its disk`);
      const ready = [...screens.values()].filter(({ tab }) => tab.isReady && !tab.process.frozen);
      if (ready.length === 0) problems.push(`${device.name} has no tab`);
      for (const screen of ready) problems.push(...this.differences(home, screen));
    }
    const deliveriesDue = !this.restored && !this.config.faults.has('settings') && !this.counts.has('disk quota');
    for (const truth of deliveriesDue ? this.truths.values() : [])
      for (const part of truth.parts.values())
        for (const { id } of this.book.silent.has(part.user) ? [] : undeliveredIn(truth, part))
          problems.push(`${truth.chat}: ${part.user} stores ${id}, and sent no delivery receipt`);
    return problems;
  }

  private differences({ device, sealed }: Home, screen: Screen): string[] {
    const { tab, chats, connection, pending, paused, total, totalMentions, totalConversations, totalArchived } = screen;
    const { name } = tab.process;
    const problems: string[] = [];
    if (connection !== 'live') problems.push(`${name} is ${connection}${paused ? ', paused' : ''}`);
    if (pending > 0) problems.push(`${name} has ${pending} pending entries`);
    const kept = this.world.server.dump().accounts.find(({ userId }) => userId === device.userId);
    for (const kind of ['readReceipts', 'deliveryReceipts'] as const)
      if (screen.account[kind] !== (kept?.[kind].value ?? true))
        problems.push(`${name} shows the account's ${kind} as ${String(screen.account[kind])}`);
    // A server that lost its history may have lost whole conversations, and the device hears of it late.
    for (const chat of screen.listed)
      if (!this.truths.get(chat)?.messages.length) problems.push(`${name} lists ${chat}, of which the server has nothing`);
    // A device that loses the text of a message with the key, before it hears the answer, shows a failure until it fetches the message.
    const failed = this.restored || sealed.hasLostKey ? [] : [...screen.deadLetters.values()].filter((id) => id !== null);
    for (const truth of failed.length > 0 ? this.truths.values() : [])
      for (const { id, senderId, ended } of truth.messages)
        if (!ended && senderId === device.userId && failed.includes(id))
          problems.push(`${name} shows ${id} as failed, and the server has it`);
    let expected = 0;
    let expectedMentions = 0;
    let expectedConversations = 0;
    let expectedArchived = 0;
    for (const truth of this.truths.values()) {
      const part = truth.parts.get(device.userId);
      // After a message and a departure, the group stays in the list.
      if (!part || truth.messages.length === 0 || (!part.isIn && part.joinedAt === 0)) continue;
      const lists = `${screen.listed.has(truth.chat) ? 'list ' : ''}${screen.listedArchived.has(truth.chat) ? 'archive ' : ''}`;
      if (lists !== (part.archived ? 'archive ' : 'list ')) problems.push(`${name} shows ${truth.chat} in ${lists || 'no list'}`);
      if ((chats.get(truth.chat)?.left ?? false) === part.isIn) problems.push(`${name} shows ${truth.chat} with left ${String(part.isIn)}`);
      if (!part.isIn) {
        const shown = chats.get(truth.chat)?.unreadCount;
        if (shown !== 0) problems.push(`${name} shows ${shown ?? 'nothing'} of ${truth.chat}, which ${device.userId} has left`);
        continue;
      }
      const unread = unreadOf(truth, part);
      const mentions = mentionsOf(truth, part);
      if (!part.muted && !part.archived) expected += unread;
      if (!part.muted && part.archived) expectedArchived += unread;
      if (!part.muted && !part.archived && (unread > 0 || part.marked)) expectedConversations += 1;
      if (!part.archived) expectedMentions += mentions;
      const shown = chats.get(truth.chat);
      if (!shown) {
        problems.push(`${name} does not show ${truth.chat}`);
        continue;
      }
      const is = `${shown.unreadCount}${shown.exact ? '' : ' at least'} unread, ${shown.mentionCount} mentions after ${shown.readUpTo} of ${shown.latestSeq}${shown.muted ? ', muted' : ''}${shown.archived ? ', archived' : ''}${shown.markedUnread ? ', marked' : ''}`;
      const should = `${unread} unread, ${mentions} mentions after ${part.readUpTo} of ${truth.messages.length}${part.muted ? ', muted' : ''}${part.archived ? ', archived' : ''}${part.marked ? ', marked' : ''}`;
      if (is !== should) problems.push(`${name} shows ${truth.chat} with ${is}; expected ${should}`);
    }
    if (problems.length === 0 && !this.membersChanged && total !== expected)
      problems.push(`${name} shows a total of ${total}; expected ${expected}`);
    if (problems.length === 0 && !this.membersChanged && totalMentions !== expectedMentions)
      problems.push(`${name} shows a total of ${totalMentions} mentions; expected ${expectedMentions}`);
    if (problems.length === 0 && !this.membersChanged && totalConversations !== expectedConversations)
      problems.push(`${name} shows a total of ${totalConversations} conversations; expected ${expectedConversations}`);
    if (problems.length === 0 && !this.membersChanged && totalArchived !== expectedArchived)
      problems.push(`${name} shows a total of ${totalArchived} in archived chats; expected ${expectedArchived}`);
    return problems;
  }
}
