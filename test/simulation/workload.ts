/** The calls of the users: every call of the page, in an order and at moments drawn from the seed. */
import { firstValueFrom } from 'rxjs';
import { TransportError } from '../../src/errors.ts';
import type { Conversation } from '../../src/model/conversation/conversation.ts';
import type { IntentCall } from '../../src/model/api/intents.ts';
import type { ReceiptSettings } from '../../src/model/message/receipt-settings.ts';
import type { SeededRandom } from '../../src/testing/random.ts';
import { type Chat, directChat, nameFor, type Op, overlaps } from './book.ts';
import { drawMentions } from './mentions.ts';
import { RECEIPT_TEXT } from './sealed.ts';
import type { Home, Screen, Simulation } from './simulation.ts';

const WEIGHTS = {
  say: 30,
  ack: 16,
  'read-chat': 8,
  clear: 10,
  'clear-all': 1,
  'read-group': 5,
  view: 6,
  mark: 4,
  mute: 3,
  recall: 3,
  settings: 3,
  pause: 2,
  'log-out': 1,
  'dead-letter': 3,
  flush: 2,
  older: 2,
  receipts: 2,
} as const;
/** Calls that come only as habits: drawn from the bag, such calls would change the other calls of every seed. */
type PlannedKind = 'answer' | 'clear-some' | 'archive' | 'mark-from' | 'pass' | 'clear-direct' | 'clear-group';
type DrawnKind = keyof typeof WEIGHTS;
export type OpKind = DrawnKind | PlannedKind;
export const KINDS_OF_OPS = Object.keys(WEIGHTS) as readonly DrawnKind[];
const BAG: readonly DrawnKind[] = KINDS_OF_OPS.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));

/** Calls with a possible move of the position. */
const MOVES = ['clear', 'clear-all', 'clear-direct', 'clear-group', 'read-chat', 'read-group', 'view', 'pass'] as const;

/** The newest message that the user of a view has seen: often not the newest that has arrived. */
const seenUpTo = (latestShown: number, random: SeededRandom): number =>
  random.chance(0.5) ? Number.MAX_SAFE_INTEGER : Math.max(0, latestShown - random.between(0, 2));

const FLUSH_MS = 5000;
const SETTLED_MS = 2000;

export class Workload {
  done = 0;
  private said = 0;
  /** The screen of the chat before the call. */
  private readonly before = new WeakMap<Op, Conversation>();
  /** The common chat of all users: simultaneous calls in a single chat find the most mistakes. */
  private focus: Chat | null = null;
  private actors: readonly Home[] = [];
  private readonly bag: readonly OpKind[];
  private readonly random: SeededRandom;

  constructor(
    private readonly sim: Simulation,
    private readonly openTab: (home: Home) => void,
  ) {
    this.random = sim.world.random.fork('workload');
    // Each world leaves some calls out, because the effect of one call shows best where no other call has the
    // same effect.
    const kinds = sim.world.random.fork('kinds');
    const left = new Set(KINDS_OF_OPS.filter((kind) => kind !== 'say' && kinds.chance(0.3)));
    this.bag = BAG.filter((kind) => !left.has(kind));
  }

  /** Called once all users and groups exist. */
  begin(): void {
    const random = this.sim.world.random.fork('focus');
    this.actors = this.sim.homes;
    if (!random.chance(0.4)) return;
    const focus = random.pick(this.allChatsOf(random.pick(this.actors).device.userId));
    this.focus = focus;
    this.actors = this.actors.filter(({ device }) => this.allChatsOf(device.userId).includes(focus));
  }

  /** A call of a user. */
  act(): void {
    const { random } = this;
    this.done++;
    const home = random.pick(this.actors);
    const ready = [...home.screens.values()].filter(({ tab }) => tab.isReady);
    const kind = random.pick(this.bag);
    const chat = random.pick(this.chatsOf(home.device.userId));
    const choice = random.fork(`op ${this.done}`);
    if (ready.length === 0) {
      if (home.opening === 0) this.openTab(home);
      return;
    }
    const screen = choice.pick(ready);
    if (!screen.tab.process.frozen) this.perform(kind, home, screen, chat, choice);
  }

  /**
   * A planned call, not left to chance alone.
   *
   * @param names messages of the call; default: some of the newest. @returns undefined if there is no tab for
   * the call, or no message
   */
  does(kind: OpKind, home: Home, chat: Chat, random: SeededRandom, names?: readonly string[]): Op | undefined {
    const ready = [...home.screens.values()].filter(({ tab }) => tab.isReady && !tab.process.frozen);
    const { ops } = this.sim.book;
    const before = ops.length;
    if (ready.length > 0) this.perform(kind, home, random.pick(ready), chat, random, names);
    return ops[before];
  }

  aChatOf({ device }: Home, random: SeededRandom): Chat {
    return random.pick(this.chatsOf(device.userId));
  }

  /** A chat with messages, if there is one. */
  aSpokenChatOf({ device }: Home, random: SeededRandom): Chat {
    const chats = this.chatsOf(device.userId);
    const spoken = chats.filter((chat) => this.sim.latestOf(chat) > 0);
    return random.pick(spoken.length > 0 ? spoken : chats);
  }

  everyChatOf({ device }: Home): readonly Chat[] {
    return this.allChatsOf(device.userId);
  }

  /** Calls `fn` as soon as a page of this device is open again, or never. */
  onceReady(home: Home, fn: () => void): void {
    const { time } = this.sim.world;
    const look = (left: number): void =>
      void time.schedule(1, `${home.device.name} is looked for`, () => {
        if ([...home.screens.values()].some(({ tab }) => tab.isReady)) fn();
        else if (left > 0) look(left - 1);
      });
    look(500);
  }

  private chatsOf(user: string): readonly Chat[] {
    const chats = this.allChatsOf(user);
    return this.focus !== null && chats.includes(this.focus) ? [this.focus] : chats;
  }

  private allChatsOf(user: string): Chat[] {
    const { homes, groups } = this.sim;
    const others = [...new Set(homes.map(({ device }) => device.userId))].filter((name) => name !== user);
    return [...others.map((other) => directChat(user, other)), ...[...groups].flatMap(([chat]) => [chat])];
  }

  private perform(kind: OpKind, home: Home, screen: Screen, chat: Chat, random: SeededRandom, names?: readonly string[]): void {
    const { sim } = this;
    const { book, config } = sim;
    const { device } = home;
    const { tab } = screen;
    const user = device.userId;
    const name = nameFor(user, chat);
    const latestShown = screen.chats.get(chat)?.latestSeq ?? 0;
    const messages = [...book.said.values()].filter((one) => one.chat === chat);
    const others = messages.filter(({ from }) => from !== user);
    switch (kind) {
      case 'say': {
        const id = `m${++this.said}`;
        const asks = random.chance(0.7);
        const countable = random.chance(0.85);
        const op = book.begin(device, kind, { chat, ids: [id], latestShown });
        const mentions = drawMentions(random.fork('mentions'), [...new Set(sim.homes.map((one) => one.device.userId))]);
        book.said.set(id, { id, from: user, device: device.name, chat, countable, asks, mentions, op });
        const body = JSON.stringify({ chat, id });
        return this.ask(home, screen, op, {
          do: 'sendMessage',
          args: [name, { id, body, requestReceipt: asks, countable, mentions }],
        });
      }
      case 'answer':
      case 'ack': {
        if (others.length === 0) return;
        const ids = names ?? Array.from({ length: random.between(1, 4) }, () => random.pick(others.slice(-12)).id);
        const op = book.begin(device, 'ack', { chat, ids: [...new Set(ids)], latestShown });
        const content = chat.startsWith('group:') && (kind === 'answer' || random.chance(0.3)) ? { content: RECEIPT_TEXT } : {};
        return this.ask(home, screen, op, { do: 'sendReadReceipts', args: [name, [...ids], content] });
      }
      case 'read-chat':
      case 'clear': {
        const upTo = random.chance(0.25) && messages.length > 0 ? random.pick(messages.slice(-8)).id : undefined;
        const keepUnread = kind === 'read-chat' && random.chance(0.2);
        const op = book.begin(device, kind, {
          chat,
          ids: upTo === undefined ? [] : [upTo],
          latestShown,
          ...(keepUnread ? { value: false } : {}),
        });
        return this.ask(
          home,
          screen,
          op,
          kind === 'clear'
            ? { do: 'clearConversationUnreadCount', args: upTo === undefined ? [name] : [name, upTo] }
            : { do: 'sendConversationReadReceipt', args: [name, { upTo, keepUnread }] },
        );
      }
      case 'clear-some': {
        if (messages.length === 0) return;
        const ids = Array.from({ length: random.between(1, 4) }, () => random.pick(messages.slice(-12)).id);
        const seesMark = screen.chats.get(chat)?.markedUnread === true;
        const op = book.begin(device, kind, { chat, ids: [...new Set(ids)], latestShown, seesMark });
        return this.ask(home, screen, op, { do: 'clearMessages', args: [name, ids] });
      }
      case 'clear-direct':
      case 'clear-group': {
        const type = kind === 'clear-direct' ? 'direct' : 'group';
        return this.ask(home, screen, book.begin(device, kind, {}), { do: 'clearAllUnreadCounts', args: [type] });
      }
      case 'pass': {
        // A private view: the oracle knows no receipt of this call.
        const after = screen.chats.get(chat)?.readUpTo ?? 0;
        const upTo = seenUpTo(latestShown, random);
        const op = book.begin(device, kind, { chat, after, upTo });
        return this.ask(home, screen, op, { do: 'passArrivals', args: [name, after, upTo] });
      }
      case 'mark-from': {
        if (messages.length === 0) return;
        const { id } = random.pick(messages.slice(-12));
        const op = book.begin(device, 'mark', { chat, ids: [id], value: true, latestShown });
        return this.ask(home, screen, op, { do: 'setMarkedUnread', args: [name, true, id] });
      }
      case 'clear-all': {
        const shown = [...screen.chats].map(([id, { latestSeq }]) => [id, latestSeq] as const);
        return this.ask(home, screen, book.begin(device, kind, {}), { do: 'clearAllUnreadCounts', args: [] }, () => {
          if (!screen.leaves) for (const [id, latest] of shown) this.judgeRead(screen, id, latest);
        });
      }
      case 'read-group':
        if (!chat.startsWith('group:')) return;
        return this.ask(home, screen, book.begin(device, kind, { chat, latestShown }), { do: 'readGroup', args: [name] });
      case 'view': {
        const after = screen.chats.get(chat)?.readUpTo ?? 0;
        const upTo = seenUpTo(latestShown, random);
        const op = book.begin(device, kind, { chat, after, upTo });
        return this.ask(home, screen, op, { do: 'readArrivals', args: [name, after, upTo] });
      }
      case 'archive': {
        const value = random.chance(0.75);
        const op = book.begin(device, kind, { chat, value, latestShown });
        return this.ask(home, screen, op, { do: 'setArchived', args: [name, value] });
      }
      case 'mark':
      case 'mute': {
        const value = random.chance(0.6);
        const op = book.begin(device, kind, { chat, value, latestShown });
        const before = screen.chats.get(chat);
        if (before) this.before.set(op, before);
        return this.ask(
          home,
          screen,
          op,
          kind === 'mark' ? { do: 'setMarkedUnread', args: [name, value] } : { do: 'setMuted', args: [name, value] },
        );
      }
      case 'recall': {
        const own = messages.filter(({ id, from }) => from === user && (names?.includes(id) ?? true));
        if (own.length === 0) return;
        const { id, op: sent } = random.pick(own.slice(-6));
        const op = book.begin(device, kind, { chat, ids: [id], latestShown });
        // An unsent message is gone. A message unknown to this device is refused.
        sent.isDoubtful = true;
        return this.ask(home, screen, op, { do: 'recallMessage', args: [id] });
      }
      case 'settings': {
        if (!config.faults.has('settings') || home.silent) return;
        const on = random.chance(0.5);
        const change = random.chance(0.5) ? { readReceipts: on } : { deliveryReceipts: on };
        return this.set(home, screen, change, random.fork('scope').chance(0.4));
      }
      case 'pause':
        if (!config.faults.has('pause')) return;
        return this.pause(home, screen, random.chance(0.5));
      case 'log-out':
        if (config.faults.has('log-out')) void this.logOut(home, screen, random.chance(0.5), random.chance(0.5));
        return;
      case 'dead-letter': {
        const [letter] = screen.deadLetters.keys();
        if (letter === undefined) return;
        const op = book.begin(device, kind, {});
        return this.ask(
          home,
          screen,
          op,
          random.chance(0.5)
            ? { do: 'dismissDeadLetter', args: [letter] }
            : { do: 'retryDeadLetter', args: [letter, { requestReceipt: false }] },
        );
      }
      case 'flush':
        return this.flush(home, screen);
      case 'older':
        void tab.ask('loadOlderMessages', name, random.between(1, 30)).catch(() => undefined);
        void firstValueFrom(tab.watch({ of: 'messages', conversationId: name, limit: 20 }), { defaultValue: [] }).catch(() => undefined);
        return;
      case 'receipts': {
        if (messages.length === 0) return;
        const ids = [random.pick(messages).id];
        void tab.ask('fetchReceipts', ids).then(
          (found) => {
            for (const { messageId, readCount, unreadCount } of found)
              if (book.said.get(messageId)?.from !== user && readCount + unreadCount > 0)
                sim.violated('I-10', `${device.name} gets the readers of ${messageId}`);
          },
          () => undefined,
        );
      }
    }
  }

  /** Switches receipts of a device or of the account, if a tab of the device is ready. */
  switches(home: Home, random: SeededRandom, change: Partial<ReceiptSettings>, ofAccount: boolean): void {
    const ready = [...home.screens.values()].filter(({ tab }) => tab.isReady && !tab.process.frozen);
    if (ready.length > 0 && !home.silent) this.set(home, random.pick(ready), change, ofAccount);
  }

  private set(home: Home, screen: Screen, change: Partial<ReceiptSettings>, ofAccount: boolean): void {
    const { book, homes, truths } = this.sim;
    const { device } = home;
    const kind = 'settings';
    // Queued receipts are cancelled, and receipts sent before a restored copy are not sent again.
    for (const { device: one } of ofAccount ? homes.filter((other) => other.device.userId === device.userId) : [home])
      book.doubt(one.name, (op) => ['ack', 'view', 'read-group', 'read-chat'].includes(op.kind));
    const value = change.readReceipts ?? change.deliveryReceipts ?? true;
    const op = book.begin(device, kind, { ofAccount, value });
    if (ofAccount) return this.ask(home, screen, op, { do: 'setReceiptSettings', args: [{ ...change, scope: 'account' }] });
    home.offSince = null;
    this.ask(home, screen, op, { do: 'setReceiptSettings', args: [change] }, () => {
      const ofDevice = book.ops.filter((one) => one.kind === kind && one.device === op.device && one !== op);
      if (change.readReceipts === false && ofDevice.every(({ n, state }) => n < op.n && state !== 'open'))
        home.offSince = new Map([...truths].map(([id, { messages }]) => [id, messages.length]));
    });
  }

  private pause(home: Home, screen: Screen, on: boolean): void {
    const { sim } = this;
    const op = sim.book.begin(home.device, 'pause', { value: on });
    home.pausedSince = null;
    const isAlone = (): boolean =>
      !sim.book.ops.some(
        ({ n, kind, device, state }) => kind === 'pause' && device === op.device && (n > op.n || (n < op.n && state === 'open')),
      );
    this.ask(home, screen, op, { do: 'setPaused', args: [on] }, () => {
      if (on && !home.loggedOut && isAlone()) home.pausedSince = sim.world.time.now;
    });
  }

  /** A flush waits until no entry is pending or its time is over. After a report of no pending entry, the tab's entries have ended. */
  private flush({ ledger, device }: Home, screen: Screen): void {
    const { sim } = this;
    const { tab } = screen;
    const { time } = sim.world;
    const pendingReceipts = ledger.pendingOf(tab.process);
    const began = time.now;
    void tab.ask('flush', FLUSH_MS).then(
      ({ pending }) => {
        // The flush of a tab that logs out answers with the entries sent so far. A log-out in another tab
        // rejects the flush.
        if (pending > 0 && time.now - began < FLUSH_MS - 1 && !screen.asksToLeave)
          sim.violated('I-14', `${device.name}: a flush ends early, and ${pending} entries are pending`);
        // The server's answer may be on its way to the disk.
        if (pending === 0)
          tab.process.later(SETTLED_MS, 'looks what is left', () => {
            const left = sim.counts.has('disk hang') || sim.restored ? [] : pendingReceipts.filter((key) => ledger.pending.has(key));
            if (left.length > 0) sim.violated('I-3', `${device.name}: flush reported that all was sent, and ${left.join()} is pending`);
          });
      },
      () => undefined,
    );
  }

  private ask(home: Home, screen: Screen, op: Op, call: IntentCall, done: () => void = () => undefined): void {
    const { sim } = this;
    const { tab } = screen;
    sim.count(`op ${op.kind}`);
    sim.world.time.note(`${tab.process.name} asks ${JSON.stringify(call)}`);
    // A call of a dying tab takes effect up to this moment only.
    const ends = (): void => {
      op.latestAtEnd = Math.min(op.upTo, sim.latestOf(op.chat));
      op.endsBefore = sim.book.ops.length;
    };
    const stop = tab.process.onEnd(ends);
    const { offSince } = home;
    const accountOff = home.ledger.knowsServer ? sim.accountOff.get(op.user) : undefined;
    tab
      .intent(call)
      .finally(stop)
      .then(
        (result) => {
          if (!tab.process.alive) return;
          op.state = 'done';
          ends();
          const isOff = offSince !== null && home.offSince === offSince;
          if (isOff && op.chat !== null) op.silentFrom = (offSince.get(op.chat) ?? 0) + 1;
          // A device may know of a switch "on" before the server.
          const isAccountOff = accountOff !== undefined && sim.accountOff.get(op.user) === accountOff && !sim.book.switchedOn(op.user);
          op.isForbidden = isOff || isAccountOff;
          if (op.kind === 'ack') op.queued = (result as { queued: readonly string[] }).queued;
          sim.world.time.note(`${tab.process.name} did ${op.kind} ${op.n}`);
          this.judge(home, screen, op);
          done();
        },
        (error: unknown) => {
          if (!tab.process.alive) return;
          op.state = 'failed';
          op.endsBefore = sim.book.ops.length;
          sim.world.time.note(`${tab.process.name} could not ${op.kind} ${op.n}: ${String(error)}`);
          sim.count(`refused ${(error as { code?: string }).code ?? String(error)}`);
        },
      );
  }

  /** The checks at the moment when a call is answered. */
  private judge(home: Home, screen: Screen, op: Op): void {
    const { ledger, device } = home;
    const { sim } = this;
    if (op.kind === 'say' && ledger.endOfMessage(op.ids[0]!) === undefined && !sim.restored)
      sim.violated('I-1', `${device.name}: ${op.ids[0]!} was accepted, and is not on the disk`);
    if (op.kind === 'mark' || op.kind === 'mute') this.judgeFlag(home, screen, op);
    if (op.kind === 'archive' || op.kind === 'mute') this.judgeArchive(home, screen, op);
    if (op.kind === 'clear-some') this.judgeCleared(screen, op);
    if (op.kind === 'mark' && op.value && op.ids.length > 0) this.judgeMarkedFrom(home, screen, op);
    if ((op.kind === 'clear' || op.kind === 'read-chat') && op.ids.length === 0 && op.value !== false && op.latestShown > 0)
      this.judgeRead(screen, op.chat!, op.latestShown);
  }

  /** At the moment when a clear is answered, the position stands at the newest message that was shown before the call. */
  private judgeRead({ chats, tab }: Screen, id: string, latest: number): void {
    const { sim } = this;
    const chat = chats.get(id);
    // In a group that the user has left nothing is unread, and the position stays.
    if (sim.restored || chat?.left) return;
    const shown = chat?.readUpTo ?? 0;
    if (shown < latest) sim.violated('I-16', `${tab.process.name}: ${id} was cleared to ${latest}, and shows ${shown}`);
  }

  /** At the moment when the call is answered, the count leaves the cleared messages out. */
  private judgeCleared({ chats, tab, leaves }: Screen, { chat, user, ids }: Op): void {
    const { sim } = this;
    const shown = chats.get(chat!);
    const truth = sim.truths.get(chat!);
    if (!shown || !truth || shown.markedUnread || sim.restored || leaves) return;
    const may = truth.messages.filter(
      ({ id, seq, senderId, countable }) =>
        seq > shown.readUpTo && seq <= shown.latestSeq && senderId !== user && countable && !ids.includes(id),
    );
    if (shown.unreadCount > may.length)
      sim.violated(
        'I-16',
        `${tab.process.name}: ${ids.join()} of ${chat!} were cleared, and ${shown.unreadCount} of ${may.length} are shown`,
      );
  }

  /** At the moment when the call is answered, every message from the marked one on counts, also one that was cleared before the call. */
  private judgeMarkedFrom({ device }: Home, { chats, tab, leaves }: Screen, op: Op): void {
    const { sim } = this;
    const { chat, user, ids } = op;
    const shown = chats.get(chat!);
    const messages = sim.truths.get(chat!)?.messages ?? [];
    const from = messages.find(({ id }) => id === ids[0]);
    const others = sim.book.of(user, chat!, 'mark', 'clear-some', ...MOVES).filter((other) => overlaps(other, op));
    const isAlone = sim.config.devices[Number(user.slice(1))] === 1 && !device.name.endsWith('new');
    // Messages from before a join count for no member.
    if (chat!.startsWith('group:')) return;
    if (!shown?.exact || !from || others.length > 0 || !isAlone || sim.restored || leaves || sim.config.faults.has('block')) return;
    const counts = messages.filter(
      ({ seq, senderId, countable, recalled, ended, uncountedFor }) =>
        !ended && seq >= from.seq && seq <= shown.latestSeq && senderId !== user && countable && !recalled && !uncountedFor.includes(user),
    );
    if (shown.unreadCount < counts.length)
      sim.violated(
        'I-16',
        `${tab.process.name}: ${chat!} is unread from ${from.seq}, and ${shown.unreadCount} of ${counts.length} are shown`,
      );
  }

  /** The archive is shown at the moment of the answer, and a change of the mute leaves the archive alone. */
  private judgeArchive(home: Home, screen: Screen, op: Op): void {
    const { sim } = this;
    const { device } = home;
    const shown = screen.chats.get(op.chat!);
    const isAlone = sim.config.devices[Number(device.userId.slice(1))] === 1 && !device.name.endsWith('new');
    const others = sim.book.of(op.user, op.chat!, 'archive', 'mute').filter((other) => overlaps(other, op));
    if (!shown || shown.latestSeq === 0 || !isAlone || others.length > 0 || sim.restored || op.chat!.startsWith('group:')) return;
    const before = this.before.get(op);
    const should = op.kind === 'archive' ? op.value === true : (before?.archived ?? false);
    // A message in between takes the conversation out of the archive.
    const mayReopen = shown.latestSeq > (op.kind === 'archive' ? op.latestShown : (before?.latestSeq ?? 0));
    if (shown.archived !== should && !(mayReopen && should))
      sim.violated(
        'I-16',
        `${screen.tab.process.name}: ${op.chat!}: ${op.kind} ${String(op.value)} was done, archived is ${String(shown.archived)}`,
      );
  }

  /** A flag is shown at the moment of the answer, unless another call changes the flag too. */
  private judgeFlag({ device }: Home, screen: Screen, op: Op): void {
    const { sim } = this;
    const shown = screen.chats.get(op.chat!);
    const isAlone = sim.config.devices[Number(device.userId.slice(1))] === 1 && !device.name.endsWith('new');
    const others = sim.book.of(op.user, op.chat!, 'mark', 'mute', ...MOVES).filter((other) => overlaps(other, op));
    if (!shown || shown.latestSeq === 0 || !isAlone || others.length > 0 || sim.restored || op.chat!.startsWith('group:')) return;
    const is = op.kind === 'mute' ? shown.muted : shown.markedUnread;
    if (is !== op.value)
      sim.violated('I-16', `${screen.tab.process.name}: ${op.chat!}: ${op.kind} ${String(op.value)} was done, and shows ${String(is)}`);
  }

  /** @param diesMidway whether the tab dies between the record of the log-out and the wipe: the next start completes the log-out. */
  private async logOut(home: Home, screen: Screen, discard: boolean, diesMidway: boolean): Promise<void> {
    const { tab } = screen;
    for (const other of home.screens.values()) other.leaves = true;
    screen.asksToLeave = true;
    const { sim } = this;
    const { device } = home;
    sim.count('op log-out');
    const { fault } = device;
    if (diesMidway)
      device.fault = (site, process) => {
        if (site === 'log-out:recorded' && process === tab.process) process.kill();
        return fault(site, process);
      };
    const keepData = false;
    if (discard) sim.book.doubt(device.name);
    sim.world.time.note(`${tab.process.name} logs out`);
    const { opens } = home;
    // The next start completes a log-out of a dead tab.
    tab.process.onEnd(() => sim.book.doubt(device.name));
    try {
      await tab.logOut({ pending: discard ? 'discard' : 'send', timeoutMs: 10_000, keepData });
      sim.book.doubt(device.name, ({ state }) => state === 'open');
      home.loggedOut = home.opens === opens;
      home.pausedSince = home.offSince = null;
      home.highest.clear();
      sim.world.time.note(`${device.name} is logged out`);
    } catch (error) {
      sim.world.time.note(`${tab.process.name} did not log out: ${String(error)}`);
      // The log-out is recorded and not complete: the app starts again, and the next start completes it.
      if (!(error instanceof TransportError)) tab.kill();
    }
  }
}
