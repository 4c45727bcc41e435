/** Reads on from the stored cursor once, without a connection: for hosts that live for a moment. Same frames, same rules. */
import { errorOf, ProtocolError } from '../../../errors.ts';
import type { ConversationId, Seq } from '../../../model/ids.ts';
import { contains } from '../../../model/ranges.ts';
import type { Account, Ports } from '../../../ports/ports.ts';
import type { ClientFrame, Frame } from '../../../protocol/frames.ts';
import { errorOfFrame, HttpSession } from '../../net/http-session.ts';
import { applyMessages } from '../../apply/apply-server-rows.ts';
import type { Writer } from '../../write/writer.ts';
import { applyChanges, applySnapshot } from '../../apply/apply-changes.ts';

const REQUEST_TIMEOUT_MS = 10_000;
/** A pull ends after about 1 MiB: a device that was away for longer reads the rest when a page is open. */
const MAX_PULLS = 20;
/** Frames that do not join end to end, one after the other. */
const MAX_GAPS = 3;

/** A message that must not be left to a later fetch. */
export interface WantedMessage {
  readonly conversationId: ConversationId;
  readonly seq: Seq;
}

type CatchUpPorts = Pick<Ports, 'net' | 'token' | 'clock' | 'random'>;

/**
 * Resolves once the store is as new as the server, the wanted message included where there is one. What arrives is stored step by step,
 * a snapshot as a whole; rejects where the server could not be reached or did not take the account: what was stored stays.
 *
 * @param fence the leader's number, taken just before.
 */
export const catchUpOverHttp = async (
  ports: CatchUpPorts,
  account: Account,
  writer: Writer,
  fence: number,
  wanted?: WantedMessage,
): Promise<void> => {
  const session = new HttpSession(ports.net, account, () => ports.token.getToken());
  const options = { durability: 'relaxed', fence } as const;
  let snapshot: Frame<'changes'>[] | null = null;
  let gaps = 0;

  /** @returns whether there is more to pull. */
  const take = async (frame: Frame<'changes'>): Promise<boolean> => {
    if (snapshot) {
      if (snapshot.length === 0 && frame.from !== null)
        throw new ProtocolError('protocol/bad-frame', 'a snapshot does not start from a cursor');
      snapshot.push(frame);
      if (!frame.complete) return true;
      const frames = snapshot;
      snapshot = null;
      await writer.write('apply-snapshot', { ...options, readsPages: true }, (draft) => applySnapshot(draft, ports, frames));
      return false;
    }
    const readsPages = frame.rows.length > 0 || frame.receipts !== undefined;
    const outcome = await writer.write('apply-changes', { ...options, readsPages }, (draft) =>
      applyChanges(draft, ports, frame, 'catch-up'),
    );
    if (outcome === 'applied') return !frame.complete;
    if (++gaps > MAX_GAPS) throw new ProtocolError('protocol/bad-frame', 'the feed does not continue from the stored cursor');
    return true;
  };

  const isHeld = ({ conversationId, seq }: WantedMessage): boolean => contains(writer.model.get(conversationId)?.storedSeqs ?? [], seq);

  for (let pulls = 1, more = true; more; pulls++) {
    if (pulls > MAX_PULLS) return;
    const cursor = snapshot ? (snapshot[snapshot.length - 1]?.to ?? null) : writer.model.cursor;
    if (cursor === null) snapshot = [];
    const { confirmedAt } = writer.model;
    const questions: ClientFrame[] = [
      {
        type: 'pull',
        cursor,
        ...(snapshot && cursor !== null ? { snapshot: true } : {}),
        ...(snapshot || confirmedAt === null ? {} : { confirmedAt }),
      },
    ];
    // Together with the pull: one round trip for the one message that somebody waits for.
    if (wanted && !isHeld(wanted))
      questions.push({
        type: 'fetch',
        id: 1,
        wants: [{ conversationId: wanted.conversationId, seqs: [[wanted.seq, wanted.seq]], limit: 1 }],
      });
    const { welcome, answers } = await session.ask(questions, REQUEST_TIMEOUT_MS);
    if (!welcome) throw errorOfFrame(answers[0]);
    more = false;
    for (const answer of answers) {
      if (answer.type === 'changes') more = await take(answer);
      // A snapshot still to come takes the place of everything: what is wanted is asked for again with its last part.
      else if (answer.type === 'messages' && !snapshot)
        await writer.write('fetched', options, (draft) => {
          for (const { conversationId, messages } of answer.of) applyMessages(draft, ports, conversationId, messages, 'silent');
        });
      else if (answer.type === 'error' && answer.code === 'protocol/cursor-unknown') {
        if (snapshot) throw new ProtocolError('protocol/bad-frame', 'the server does not know the place it named itself');
        snapshot = [];
        more = true;
      } else if (answer.type === 'error') throw errorOf('transport/unreachable', answer.message);
    }
  }
};
