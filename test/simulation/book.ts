/** The book of all calls, as seen from outside. Each call stands with the state on the screen before it, and with its result. */
import type { Mentions } from '../../src/model/message/mentions.ts';
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';

/** The name of a conversation, the same for all its members: `ann|ben`, or `group:g0`. */
export type Chat = string;

export const directChat = (a: string, b: string): Chat => (a < b ? `${a}|${b}` : `${b}|${a}`);
export const chatOf = (user: string, conversationId: string): Chat =>
  conversationId.startsWith('group:') ? conversationId : directChat(user, conversationId.slice('direct:'.length));
export const nameFor = (user: string, chat: Chat): `direct:${string}` | `group:${string}` =>
  chat.startsWith('group:')
    ? (chat as `group:${string}`)
    : `direct:${chat
        .split('|')
        .filter((name) => name !== user)
        .join()}`;

/** `open`: the call has no answer yet, or gets no answer because its tab died. The call may have taken effect or not. */
export type OpState = 'open' | 'done' | 'failed';

export interface Op {
  readonly n: number;
  readonly at: number;
  readonly user: string;
  readonly device: string;
  readonly kind: string;
  readonly chat: Chat | null;
  /** The messages named by the call. */
  readonly ids: readonly string[];
  /** The newest message on the screen at the time of the call. */
  readonly latestShown: number;
  readonly value?: boolean;
  /** A view reads only the arrivals after this message, and no message after the newest one that the user has seen. */
  readonly after: number;
  readonly upTo: number;
  /** The user saw the chat as marked unread. */
  readonly seesMark?: boolean;
  state: OpState;
  /** The newest message of the server at the time of the answer, up to `upTo`. */
  latestAtEnd: number;
  /** The number of the first call made after the answer, or after the death of the tab. */
  endsBefore: number;
  /** A later event may have undone the call: a wipe, a change of settings, a log-out. */
  isDoubtful: boolean;
  /** The ids reported by the call as queued. */
  queued: readonly string[];
  /** A change of settings of the whole account. */
  readonly ofAccount?: boolean;
  /** Messages read by the user with this call while read receipts were surely off on the device: from this seq on, up to `latestShown`. */
  silentFrom?: number;
  /** During the whole call, the device or the account surely sent no read receipts. */
  isForbidden?: boolean;
}

/** Whether another call may take effect after the begin of a call. A call of a dead tab takes effect before the tab's death, or never. */
export const overlaps = (other: Op, op: Op): boolean => other !== op && (other.n > op.n || other.endsBefore > op.n);

export interface Said {
  readonly id: string;
  readonly from: string;
  readonly device: string;
  readonly chat: Chat;
  readonly countable: boolean;
  readonly asks: boolean;
  readonly mentions?: Mentions | undefined;
  readonly op: Op;
}

export class Book {
  readonly ops: Op[] = [];
  readonly said = new Map<string, Said>();
  /** Devices on which a setting for receipts has ever been off, or was not known. */
  readonly silent = new Set<string>();

  begin(
    device: VirtualDevice,
    kind: string,
    of: Partial<Pick<Op, 'chat' | 'ids' | 'latestShown' | 'value' | 'after' | 'upTo' | 'seesMark' | 'ofAccount'>>,
  ): Op {
    const op: Op = {
      n: this.ops.length,
      at: device.now,
      user: device.userId,
      device: device.name,
      kind,
      chat: null,
      ids: [],
      latestShown: 0,
      after: 0,
      upTo: Infinity,
      ...of,
      state: 'open',
      latestAtEnd: of.upTo ?? Infinity,
      endsBefore: Infinity,
      isDoubtful: false,
      queued: [],
    };
    this.ops.push(op);
    return op;
  }

  /** Marks all calls of this device as doubtful, except calls that surely reached the server. */
  doubt(device: string, concerns: (op: Op) => boolean = () => true): void {
    for (const op of this.ops) if (op.device === device && concerns(op)) op.isDoubtful = true;
  }

  /** Whether the user ever switched receipts on for the account. */
  switchedOn(user: string): boolean {
    return this.ops.some((op) => op.user === user && op.ofAccount === true && op.value === true);
  }

  of(user: string, chat: Chat, ...kinds: readonly string[]): Op[] {
    return this.ops.filter((op) => op.user === user && (op.chat === chat || op.chat === null) && kinds.includes(op.kind));
  }
}
