/**
 * Catch-up over HTTP, without a connection: for a host with a short life, such as a service worker. Frames and rules are the same as on
 * a connection.
 */
import { errorOf, ProtocolError } from '../../../errors.ts';
import type { ConversationId, Seq } from '../../../model/ids.ts';
import { contains } from '../../../model/registers/ranges.ts';
import type { Account, Ports } from '../../../ports/ports.ts';
import type { ClientFrame, Frame } from '../../../protocol/frames.ts';
import { errorOfFrame, HttpSession } from '../../net/http-session.ts';
import { applyMessages } from '../../apply/apply-messages.ts';
import type { Writer } from '../../write/writer.ts';
import { applyChanges, applySnapshot } from '../../apply/apply-changes.ts';
import { MAX_GAPS } from './feed.ts';

const PULL_TIMEOUT_MS = 10_000;
/** An answer to a pull holds about 1 MiB at most. A device that was away for longer reads the rest when a page is open. */
const MAX_PULLS = 20;

/** A message needed by the caller now. */
export interface WantedMessage {
  readonly conversationId: ConversationId;
  readonly seq: Seq;
}

type CatchUpPorts = Pick<Ports, 'net' | 'token' | 'clock' | 'random' | 'log'>;

/**
 * Resolves once the store has all changes of the server, including the wanted message. Frames are stored separately, a snapshot as a
 * whole.
 *
 * @param fence the fencing token, just taken by the host.
 * @throws {TransportError} when the server cannot be reached. Frames stored before stay stored.
 * @throws {AuthError} when the server does not accept the account. Frames stored before stay stored.
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
  /** The server has lost the history of the stored data. */
  let isHistoryLost = false;

  /** @returns true when the server has more changes. */
  const take = async (frame: Frame<'changes'>): Promise<boolean> => {
    if (snapshot) {
      if (snapshot.length === 0 && frame.from !== null)
        throw new ProtocolError('protocol/bad-frame', 'the server did not answer with a snapshot');
      snapshot.push(frame);
      if (!frame.complete) return true;
      const frames = snapshot;
      snapshot = null;
      await writer.write('apply-snapshot', { ...options, readsPages: true }, (draft) => applySnapshot(draft, ports, frames, isHistoryLost));
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

  const isStored = ({ conversationId, seq }: WantedMessage): boolean => contains(writer.model.get(conversationId)?.storedSeqs ?? [], seq);

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
        ...(isHistoryLost || confirmedAt === null ? {} : { confirmedAt }),
      },
    ];
    // The fetch goes in the same request as the pull: the wanted message then takes one round trip.
    if (wanted && !isStored(wanted))
      questions.push({
        type: 'fetch',
        id: 1,
        wants: [{ conversationId: wanted.conversationId, seqs: [[wanted.seq, wanted.seq]], limit: 1 }],
      });
    const { welcome, answers } = await session.ask(questions, PULL_TIMEOUT_MS);
    if (!welcome) throw errorOfFrame(answers[0]);
    more = false;
    for (const answer of answers) {
      if (answer.type === 'changes') more = await take(answer);
      // A snapshot replaces all stored messages, so the wanted message is fetched again with the last part of the snapshot.
      else if (answer.type === 'messages' && !snapshot)
        await writer.write('fetched', options, (draft) => {
          for (const { conversationId, messages } of answer.of) applyMessages(draft, ports, conversationId, messages, 'fetched');
        });
      else if (answer.type === 'error' && answer.code === 'protocol/cursor-unknown') {
        if (isHistoryLost) throw new ProtocolError('protocol/bad-frame', 'the server does not know the cursor that it sent itself');
        isHistoryLost = true;
        snapshot = [];
        more = true;
      } else if (answer.type === 'error') throw errorOf('transport/unreachable', answer.message);
    }
  }
  ports.log('info', 'caught-up', { over: 'http' });
};
