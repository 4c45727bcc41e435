/**
 * Follows the pending entries of each device a second time, from the commits of its disk. Every stored entry
 * has exactly one end (I-3), leaves only with its end (I-20), and never changes once sent. A tab without the
 * lead does not write as a leader (I-19).
 */
import type { Committed } from '../../src/testing/virtual-disk.ts';
import type { VirtualProcess } from '../../src/testing/virtual-process.ts';
import { textOf } from './sealed.ts';
import { Allowed, type Owes, type Tells, tellsOf } from './allowed.ts';

interface Entry {
  readonly key: string;
  /** The process of the entry. */
  readonly process: VirtualProcess;
  readonly kind: string;
  readonly chat: string;
  readonly messageId: string | null;
  /** The message of a recall. */
  readonly takesBack?: string | undefined;
  sent: boolean;
  readonly tells: Tells;
}

interface Change {
  readonly t: string;
  readonly key?: string;
  readonly over?: string;
  readonly conversationId?: string;
  readonly end?: string;
  readonly pendingReceipts?: Owes;
  readonly settings?: { readonly readReceipts: boolean; readonly deliveryReceipts: boolean };
  readonly keys?: readonly (string | readonly [string, string])[];
  readonly event?: {
    readonly type: string;
    readonly deadLetter?: { readonly kind: string; readonly code: string; readonly messageIds: readonly string[] };
  };
  readonly entry?: {
    readonly key: string;
    readonly kind: string;
    readonly conversationId: string;
    readonly sent: boolean;
    readonly message?: { readonly id: string };
    readonly messageId?: string;
    readonly pendingReceipts?: Owes;
    /** A change of the account's settings. */
    readonly settings?: { readonly [K in 'readReceipts' | 'deliveryReceipts']?: { readonly value: boolean } };
  };
}

interface Kept {
  readonly version: number;
  readonly changes: readonly Change[];
  readonly process: VirtualProcess;
}

interface HeadSeen {
  readonly generation: string;
  readonly version: number;
  readonly fence: number;
  readonly ended?: string;
}

export class Ledger {
  readonly pending = new Map<string, Entry>();
  readonly ended = new Map<string, string>();
  /** Whether a first snapshot has come to its end and is on the disk. */
  knowsServer = false;
  /** Number of entries ever stored. */
  made = 0;
  /** How often a tab or a service worker took the lead. */
  leads = 0;
  private records: Kept[] = [];
  private head: HeadSeen | null = null;
  private leader: VirtualProcess | null = null;
  private readonly allowed: Allowed;

  constructor(
    private readonly device: string,
    private readonly keysOfAll: Set<string>,
    private readonly violated: (invariant: string, why: string) => void,
  ) {
    this.allowed = new Allowed((why) => violated('I-6', `${device}: ${why}`));
  }

  private readonly saidBy = new WeakMap<VirtualProcess, Set<string>>();

  /** A connection or a single request begins: earlier frames may have been lost. */
  connects(process: VirtualProcess): void {
    this.saidBy.set(process, new Set());
  }

  /** I-8: within a conversation, no entry is sent before an older entry. */
  submits(
    process: VirtualProcess,
    entries: readonly { readonly key: string; readonly kind: string; readonly id?: string; readonly conversationId?: string }[],
  ): void {
    const keys = entries.map(({ key }) => key);
    for (const { kind, id } of entries)
      if (kind === 'message' && id !== undefined && this.takenBack.has(id))
        this.violated('I-3', `${this.device}: ${process.name} sends ${id} again, which was recalled here`);
    const said = this.saidBy.get(process) ?? new Set();
    this.saidBy.set(process, said);
    for (const key of keys) said.add(key);
    const submitted = new Set(keys);
    const passed = new Map<string, string>();
    for (const { key, chat } of this.pending.values()) {
      if (!said.has(key)) passed.set(chat, key);
      else if (submitted.has(key) && passed.has(chat))
        this.violated('I-8', `${this.device}: ${process.name} sends ${key} of ${chat} before the older ${passed.get(chat)!}`);
    }
  }

  /** The pending entries stored by this tab. */
  pendingOf(process: VirtualProcess): string[] {
    return [...this.pending.values()].filter((entry) => entry.process === process).map(({ key }) => key);
  }

  /** The state of the entry with this message: pending, or its end. */
  endOfMessage(id: string): string | undefined {
    for (const entry of this.pending.values()) if (entry.messageId === id) return 'pending';
    return this.endedMessages.get(id);
  }
  private readonly endedMessages = new Map<string, string>();
  /** By key: the message of an entry, also of an ended entry sent again. */
  private readonly carried = new Map<string, string>();
  /** By key: the message of a recall, also of an ended recall on its second send. */
  private readonly recalls = new Map<string, string>();
  /** Messages at the server at the time of their recall by this device: the device must not send their text again. */
  private readonly takenBack = new Set<string>();
  /** Messages with a recall refused as unknown, reported to the user. */
  readonly refusedRecalls = new Set<string>();
  /** Messages of which the user was told that a text was lost with the key of the device: the message's own, or a receipt's. */
  readonly unreadable = new Set<string>();
  /** Messages whose receipt was refused here. */
  readonly refusedReceipts = new Set<string>();

  commit({ writes, process, name }: Committed): void {
    // On a full device, a log-out with `discard` wipes the store and leaves no record.
    if (name === 'wipe-unrecorded') return this.wiped(process);
    // The same rows, sealed or opened.
    if (name === 'rewrite-texts') return;
    for (const write of writes) {
      if (write.op !== 'put') continue;
      // Rows with the bodies of a record's messages have keys between two versions.
      if (write.table === 'log' && !Number.isInteger(write.key)) continue;
      if (write.table === 'log') this.record(JSON.parse(textOf('log', write.record)) as Kept, process);
      else if (write.key === 'head') this.seeHead(write.record as HeadSeen, process, name);
      else if (write.key === 'snapshot') this.seeSnapshot(textOf('meta', write.record));
    }
  }

  private wiped(process: VirtualProcess): void {
    const cancelled = [...this.pending.keys()].map((key) => ({ t: 'end', key, end: 'cancelled' }));
    this.fold({ version: 0, changes: cancelled, process });
    this.records = [];
    this.head = this.leader = null;
    this.allowed.forget();
    this.knowsServer = false;
  }

  private record(record: Kept, process: VirtualProcess): void {
    const expected = (this.head?.version ?? 0) + 1;
    if (record.version !== expected)
      this.violated('I-18', `${this.device}: log record ${record.version} instead of ${expected}: the write of another tab is lost`);
    if (record.changes.some(({ t }) => t === 'cursor' || t === 'sent') && this.leader !== process)
      this.violated('I-19', `${this.device}: ${process.name} wrote as a leader, and the leader is ${this.leader?.name ?? 'no tab'}`);
    const made = new Set(record.changes.flatMap(({ t, key, entry }) => (t === 'enqueue' ? [entry!.key] : t === 'receipts' ? [key!] : [])));
    for (const key of made) {
      if (this.pending.has(key)) continue;
      if (this.keysOfAll.has(key)) this.violated('I-2', `${this.device}: the key ${key} was used before`);
      this.keysOfAll.add(key);
    }
    const kept = { ...record, process };
    this.records.push(kept);
    this.fold(kept);
  }

  private fold({ changes, process }: Kept): void {
    const fresh = new Set<string>();
    const put = (entry: Entry): void => {
      if (!this.pending.has(entry.key)) this.made++;
      if (entry.messageId !== null) this.carried.set(entry.key, entry.messageId);
      if (entry.takesBack !== undefined) {
        this.recalls.set(entry.key, entry.takesBack);
        if (this.endedMessages.get(entry.takesBack) === 'confirmed') this.takenBack.add(entry.takesBack);
      }
      this.pending.set(entry.key, entry);
      fresh.add(entry.key);
    };
    const end = (key: string, how: string): void => {
      if (how === 'rejected' && this.recalls.has(key)) this.refusedRecalls.add(this.recalls.get(key)!);
      if (this.carried.has(key)) this.endedMessages.set(this.carried.get(key)!, how);
      const entry = this.pending.get(key);
      if (!entry) {
        // An entry sent again may have had nothing left to send.
        if (!this.ended.get(key)?.startsWith('again'))
          this.violated('I-3', `${this.device}: ${key} ended ${how}, and had ended ${this.ended.get(key) ?? 'never begun'}`);
        return;
      }
      this.pending.delete(key);
      this.ended.set(key, how);
    };
    for (const change of changes)
      switch (change.t) {
        case 'enqueue': {
          const { key, kind, conversationId, sent, message, messageId, pendingReceipts, settings } = change.entry!;
          if (settings) this.allowed.switchedAccount(this.pending.values(), settings);
          this.allowed.adds(key, tellsOf(pendingReceipts));
          put({
            key,
            process,
            kind,
            chat: conversationId,
            sent,
            messageId: message?.id ?? null,
            takesBack: messageId,
            tells: tellsOf(pendingReceipts),
          });
          break;
        }
        case 'receipts': {
          const over = change.over ?? change.key!;
          const before = this.pending.get(over);
          if (change.over !== undefined) {
            if (!before || before.sent)
              this.violated('I-2', `${this.device}: ${over} was changed after it was ${before ? 'sent' : 'over'}`);
            end(over, 'superseded');
          } else if (before?.sent) this.violated('I-2', `${this.device}: ${over} was changed after it was sent`);
          const { reads, deliveries } = tellsOf(change.pendingReceipts);
          this.allowed.adds(change.key!, { reads, deliveries });
          const tells = { reads: reads || before?.tells.reads === true, deliveries: deliveries || before?.tells.deliveries === true };
          put({ key: change.key!, process, kind: 'receipts', chat: change.conversationId!, sent: false, messageId: null, tells });
          break;
        }
        case 'cursor':
          this.knowsServer = true;
          break;
        case 'sent':
          for (const key of change.keys as readonly string[]) {
            const entry = this.pending.get(key);
            if (entry) entry.sent = true;
            // Entries sent again are not followed here: such entries may have had nothing left to send.
            else if (this.ended.get(key) !== 'again') this.violated('I-3', `${this.device}: ${key} was sent, and is not pending`);
          }
          break;
        case 'reset':
          for (const entry of this.pending.values()) entry.sent = true;
          break;
        case 'settings':
          this.allowed.switchedDevice(this.pending.values(), change.settings!);
          break;
        case 'end':
          end(change.key!, change.end!);
          break;
        case 'event':
          if (change.event!.deadLetter?.code === 'store/unreadable')
            for (const id of change.event!.deadLetter.messageIds) this.unreadable.add(id);
          if (change.event!.type === 'rejected' && change.event!.deadLetter!.kind === 'receipts')
            for (const id of change.event!.deadLetter!.messageIds) this.refusedReceipts.add(id);
          break;
        case 'offer-again':
          for (const [confirmed, key] of change.keys as readonly (readonly [string, string])[]) {
            this.ended.set(confirmed, 'again');
            // With the setting off since then, the entry may have nothing left to send, and may still have an
            // end.
            this.ended.set(key, 'again');
            const id = this.carried.get(confirmed);
            if (id !== undefined) {
              this.carried.set(key, id);
              this.endedMessages.set(id, 'again');
            }
            if (this.recalls.has(confirmed)) this.recalls.set(key, this.recalls.get(confirmed)!);
          }
      }
    const unsent = new Map<string, string>();
    for (const { key, kind, chat, sent } of this.pending.values()) {
      if (kind !== 'receipts' || sent) continue;
      if (unsent.has(chat) && fresh.has(key)) this.violated('I-22', `${this.device}: two unsent entries for ${chat}`);
      unsent.set(chat, key);
    }
  }

  private seeHead(head: HeadSeen, process: VirtualProcess, name: string): void {
    if (this.head && head.generation === this.head.generation) {
      // Every log-out of the simulation removes the data.
      if (this.head.ended !== undefined && head.ended === undefined)
        this.violated('I-26', `${this.device}: ${process.name} enters an account that was logged out, and its data is still there`);
      if (head.version < this.head.version) this.violated('I-18', `${this.device}: the log went back to ${head.version}`);
      if (head.fence < this.head.fence) this.violated('I-19', `${this.device}: the fencing token went back to ${head.fence}`);
    } else if (this.head && !head.ended && this.head.ended === undefined && this.pending.size > 0)
      this.violated('I-3', `${this.device}: the store was replaced, and ${this.pending.size} entries have no end`);
    if (name === 'take-fence') {
      this.leader = process;
      this.leads++;
    }
    this.head = head;
  }

  private seeSnapshot(text: string): void {
    const { outbox } = JSON.parse(text) as { readonly outbox: readonly { readonly key: string }[] };
    const kept = new Set(outbox.map(({ key }) => key));
    for (const key of this.pending.keys())
      if (!kept.has(key)) this.violated('I-20', `${this.device}: ${key} is pending, and the snapshot leaves it out`);
    for (const key of kept)
      if (!this.pending.has(key) && this.ended.get(key) !== 'again')
        this.violated('I-20', `${this.device}: the snapshot has ${key} as pending, which has ended`);
  }

  /** The disk keeps its present content: the lost commits are undone here too. */
  lost(head: HeadSeen | undefined): void {
    const kept = head && head.generation === this.head?.generation ? this.records.filter(({ version }) => version <= head.version) : [];
    for (const map of [this.pending, this.ended, this.endedMessages, this.carried, this.recalls, this.takenBack]) map.clear();
    this.made = 0;
    this.allowed.forget();
    // A compacted log no longer tells the end: only another store has never had a snapshot.
    this.knowsServer &&= head !== undefined && head.generation === this.head?.generation;
    this.records = kept;
    for (const record of kept) this.fold(record);
    this.head = head ?? null;
    this.leader = null;
  }
}
