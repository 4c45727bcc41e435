/** The rest of a `fetch` after an incomplete answer. */
import { range, size, subtract } from '../../model/registers/ranges.ts';
import type { Frame, ServerFrame } from '../../protocol/frames.ts';

type Wants = Frame<'fetch'>['wants'];

/**
 * Computes the wants of the next request. The server answers in the order of the wants, and in each want the newest message first. So the
 * server has answered everything before the last message that arrived, even if a message does not exist.
 *
 * @param answers all frames of the response; frames of other kinds and ids are ignored.
 * @returns an empty list when the answer is complete or empty: another request would bring nothing.
 */
export const restOfFetch = ({ id, wants }: Pick<Frame<'fetch'>, 'id' | 'wants'>, answers: readonly ServerFrame[]): Wants => {
  const frames = answers.filter((answer): answer is Frame<'messages'> => answer.type === 'messages' && answer.id === id);
  const parts = frames.flatMap(({ of }) => of);
  const last = parts[parts.length - 1];
  if (!last || frames.some(({ complete }) => complete)) return [];
  const at = wants.findLastIndex(({ conversationId }) => conversationId === last.conversationId);
  const want = wants[at];
  const seqs = parts.flatMap(({ conversationId, messages }) =>
    conversationId === last.conversationId ? messages.map(({ seq }) => seq) : [],
  );
  if (!want || seqs.length === 0) return [];
  const below = subtract(want.seqs, range(Math.min(...seqs), Number.MAX_SAFE_INTEGER));
  const left = want.limit - seqs.length;
  const rest =
    size(below) > 0 && left > 0 ? [{ ...want, seqs: below.map(([from, upTo]): [number, number] => [from, upTo]), limit: left }] : [];
  return [...rest, ...wants.slice(at + 1)];
};
