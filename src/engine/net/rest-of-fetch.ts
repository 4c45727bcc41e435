/** What a `fetch` asks for that its answer, which ended before it was complete, did not bring. */
import { range, size, subtract } from '../../model/ranges.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';

type Wants = Frame<'fetch'>['wants'];

/**
 * The wants to ask for next. The server answers in the order of the wants, newest first in each: what lies before the last message that
 * came is answered, there or not.
 *
 * @param answers all that was answered to the request; frames of other kinds and ids are left aside.
 * @returns none where the answer is complete, or brought nothing at all: asking again would bring nothing either.
 */
export const restOfFetch = ({ id, wants }: Pick<Frame<'fetch'>, 'id' | 'wants'>, answers: readonly ServerFrame[]): Wants => {
  const frames = answers.filter((answer): answer is Frame<'messages'> => answer.type === 'messages' && answer.id === id);
  const receiptsSent = frames.flatMap(({ of }) => of);
  const last = receiptsSent[receiptsSent.length - 1];
  if (!last || frames.some(({ complete }) => complete)) return [];
  const at = wants.findLastIndex(({ conversationId }) => conversationId === last.conversationId);
  const want = wants[at];
  const seqs = receiptsSent.flatMap(({ conversationId, messages }) =>
    conversationId === last.conversationId ? messages.map(({ seq }) => seq) : [],
  );
  if (!want || seqs.length === 0) return [];
  const below = subtract(want.seqs, range(Math.min(...seqs), Number.MAX_SAFE_INTEGER));
  const left = want.limit - seqs.length;
  const rest =
    size(below) > 0 && left > 0 ? [{ ...want, seqs: below.map(([from, upTo]): [number, number] => [from, upTo]), limit: left }] : [];
  return [...rest, ...wants.slice(at + 1)];
};
