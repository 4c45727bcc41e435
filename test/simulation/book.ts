/** What people meant, as it was seen from outside: every call with what was on the screen before it, and what became of it. */
import type { VirtualDevice } from '../../src/testing/virtual-device.ts';

/** A conversation, the same for all its members: `ann|ben`, or `group:g0`. */
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

/** `open`: no answer yet, or never, because the tab died: it may have happened or not. */
export type OpState = 'open' | 'done' | 'failed';

export interface Op {
  readonly n: number;
  readonly at: number;
  readonly user: string;
  readonly device: string;
  readonly kind: string;
  readonly chat: Chat | null;
  /** The messages it names. */
  readonly ids: readonly string[];
  /** The newest message on the screen when it was asked. */
  readonly latestShown: number;
  readonly value?: boolean;
  state: OpState;
  /** The newest message the server had when it was answered. */
  latestAtEnd: number;
  /** It may have been undone by what happened later: a wipe, a switch, a log-out. */
  isDoubtful: boolean;
  /** What the call said it queued. */
  queued: readonly string[];
}

export interface Said {
  readonly id: string;
  readonly from: string;
  readonly device: string;
  readonly chat: Chat;
  readonly countable: boolean;
  readonly asks: boolean;
  readonly op: Op;
}

export class Book {
  readonly ops: Op[] = [];
  readonly said = new Map<string, Said>();
  /** Devices that ever had a switch off, or were told otherwise than to tell everything. */
  readonly silent = new Set<string>();

  begin(device: VirtualDevice, kind: string, of: Partial<Pick<Op, 'chat' | 'ids' | 'latestShown' | 'value'>>): Op {
    const op: Op = {
      n: this.ops.length,
      at: device.now,
      user: device.userId,
      device: device.name,
      kind,
      chat: null,
      ids: [],
      latestShown: 0,
      ...of,
      state: 'open',
      latestAtEnd: Infinity,
      isDoubtful: false,
      queued: [],
    };
    this.ops.push(op);
    return op;
  }

  /** Everything this device did so far, as far as it did not reach the server for sure. */
  doubt(device: string, concerns: (op: Op) => boolean = () => true): void {
    for (const op of this.ops) if (op.device === device && concerns(op)) op.isDoubtful = true;
  }

  of(user: string, chat: Chat, ...kinds: readonly string[]): Op[] {
    return this.ops.filter((op) => op.user === user && (op.chat === chat || op.chat === null) && kinds.includes(op.kind));
  }
}
