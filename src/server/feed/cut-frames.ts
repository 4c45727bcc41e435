/** Cuts the items of the change feed into frames. */
import type { ConversationId } from '../../model/ids.ts';
import type { WireMessage, WireReceiptChange } from '../../protocol/changes.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { WireAccount } from '../../protocol/shapes.ts';
import type { Item } from './feed-items.ts';

type Changes = Frame<'changes'>;

/**
 * Budget for one frame in bytes, far below the limit: on a slow line the client hears nothing until a long
 * frame is complete (F55).
 */
export const FRAME_BUDGET = 32 * 1024;

const rank = (item: Item): number => ('account' in item ? 0 : 'row' in item ? 1 : 2);

/**
 * Cuts the items into frames in order of version. If a frame must end in the middle of a version, its `to` is
 * the version before, so that a client stopping there gets the whole version again.
 *
 * @returns the frames, and for each whether it ends with the end of a version.
 */
export const cutIntoFrames = (
  items: readonly Item[],
  fromCursor: string | null,
  to: (version: number) => string,
  start: number,
  end: number,
): { readonly frames: Changes[]; readonly whole: boolean[] } => {
  const frames: Changes[] = [];
  const whole: boolean[] = [];
  let newest = start;
  let from = fromCursor;
  let version = start;
  let bytes = 0;
  let rows: Changes['rows'] = [];
  let steps: Changes['steps'] = [];
  let messages = new Map<ConversationId, WireMessage[]>();
  let receipts: WireReceiptChange[] = [];
  let account: WireAccount | undefined;
  const close = (at: number): void => {
    version = Math.max(version, at);
    const frame: Changes = {
      type: 'changes',
      from,
      to: to(version),
      rows,
      messages: [...messages].map(([conversationId, list]) => ({ conversationId, messages: list })),
      steps,
      ...(account ? { account } : {}),
      ...(receipts.length > 0 ? { receipts } : {}),
      complete: false,
    };
    frames.push(frame);
    whole.push(newest <= version);
    from = frame.to;
    bytes = 0;
    rows = [];
    steps = [];
    receipts = [];
    account = undefined;
    messages = new Map();
  };
  for (const item of [...items].sort((a, b) => a.version - b.version || rank(a) - rank(b))) {
    if (bytes > 0 && bytes + item.bytes > FRAME_BUDGET) close(item.version - 1);
    bytes += item.bytes;
    newest = item.version;
    if ('row' in item) rows.push(item.row);
    else if ('account' in item) account = item.account;
    else if ('step' in item) steps.push(item.step);
    else if ('receipt' in item) receipts.push(item.receipt);
    else messages.set(item.in, [...(messages.get(item.in) ?? []), item.message]);
  }
  close(end);
  return { frames, whole };
};
