import { describe, expect, it } from 'vitest';
import type { ConversationId } from '../../../src/model/ids.ts';
import { ConversationState } from '../../../src/engine/state/conversation-state.ts';
import { MessageIndex } from '../../../src/engine/state/message-index.ts';
import type { StoreTx } from '../../../src/ports/ports.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { writePages } from '../../../src/log/pages.ts';
import { PAGE_SIZE, pageOf } from '../../../src/log/tables.ts';

const MANY = 60;
const PAGES = 3;

const message = (of: string, seq: number) => ({
  id: `${of} ${seq}`,
  seq,
  senderId: 'peer',
  sentAt: seq,
  body: '""',
  receiptRequested: true,
  countable: true,
  recalled: false,
});

/** Sixty conversations of three pages each. By the state, all messages are stored; `paged` says which pages exist. */
const storedSeqs = async (paged: boolean) => {
  const store = createMemoryStore();
  const conversations = new Map<ConversationId, ConversationState>();
  for (let n = 0; n < MANY; n++) {
    const id: ConversationId = `direct:p${n}`;
    const conversation = new ConversationState(id);
    conversation.storedSeqs = [[1, PAGES * PAGE_SIZE - 1]];
    conversations.set(id, conversation);
    const messages = Array.from({ length: PAGES * PAGE_SIZE - 1 }, (_, i) => message(id, i + 1));
    if (paged)
      await store.tx('pages', ['pages', 'indexes'], 'readwrite', 'relaxed', (tx) =>
        writePages(
          tx,
          Array.from({ length: PAGES }, (_, page) => ({
            conversationId: id,
            page,
            messages: messages.filter(({ seq }) => pageOf(seq) === page),
            steps: [],
            counts: [],
          })),
        ),
      );
  }
  let requests = 0;
  const search = (index: MessageIndex, ids: (id: ConversationId) => string[]): Promise<void> =>
    store.tx('look', ['indexes'], 'readonly', 'relaxed', (tx) => {
      const counted: StoreTx = {
        ...tx,
        getMany: (...args) => (ended(++requests), tx.getMany(...args)),
        range: (...args) => (ended(++requests), tx.range(...args)),
      };
      const model = { conversations, get: (id: ConversationId) => conversations.get(id) };
      return index.prefetch(
        counted,
        model,
        [...conversations.keys()].map((conversationId) => ({ conversationId, ids: ids(conversationId) })),
      );
    });
  return { conversations, look: search };
};

const ended = (requests: number): void => {
  if (requests > 50) throw new Error('the search does not end');
};

describe('the message index', () => {
  it('a search ends if no conversation has the messages and no page exists yet', async () => {
    const { conversations, look: search } = await storedSeqs(false);
    const index = new MessageIndex('me');
    await search(index, () => ['nowhere']);
    for (const conversation of conversations.values()) expect(index.find(conversation, 'nowhere')).toBeUndefined();
  });

  it('a search ends and finds all messages, although their indexes are larger than the cache', async () => {
    const { conversations, look: search } = await storedSeqs(true);
    const index = new MessageIndex('me', 1000);
    for (const seq of [1, PAGES * PAGE_SIZE - 1]) {
      await search(index, (id) => [`${id} ${seq}`]);
      for (const [id, conversation] of conversations) expect(index.find(conversation, `${id} ${seq}`)).toMatchObject({ seq, own: false });
    }
  });
});
