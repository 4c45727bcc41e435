/**
 * The other contestant: IndexedDB alone, a row for each message, and a transaction for each intent. No library,
 * no index, one handler.
 */
import { makeBacklog, MESSAGES, PER_FRAME } from './backlog.ts';

const DATABASE = 'raw';

const open = (): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore('messages', { keyPath: ['cid', 'seq'] });
      opening.result.createObjectStore('counters', { keyPath: 'cid' });
      opening.result.createObjectStore('intents', { autoIncrement: true });
    };
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error ?? new Error('IndexedDB does not open'));
  });

const committed = (tx: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new Error('aborted'));
    tx.commit();
  });

/** 1,000 rows for each transaction. */
const ingest = async (): Promise<{ ms: number }> => {
  const db = await open();
  const backlog = makeBacklog();
  const batches = backlog.frames.map(({ messages }) =>
    messages.flatMap(({ conversationId, messages: list }) => list.map((message) => ({ cid: conversationId, ...message }))),
  );
  if (batches.length * PER_FRAME !== MESSAGES) throw new Error('not the whole backlog');
  const began = performance.now();
  for (const batch of batches) {
    const tx = db.transaction('messages', 'readwrite', { durability: 'relaxed' });
    const rows = tx.objectStore('messages');
    for (const row of batch) rows.put(row);
    await committed(tx);
  }
  const ms = performance.now() - began;
  // The rows of a list for the cold start, one for each conversation.
  const tx = db.transaction('counters', 'readwrite');
  const counters = tx.objectStore('counters');
  const newest = new Map<string, unknown>();
  for (const { rows } of backlog.frames) for (const { conversationId, lastMessage } of rows) newest.set(conversationId, lastMessage);
  for (const [cid, lastMessage] of newest) counters.put({ cid, unread: backlog.unread.get(cid as never) ?? 0, lastMessage });
  await committed(tx);
  db.close();
  return { ms };
};

/** One strict transaction for each intent, awaited. */
const intents = async (count: number): Promise<{ ms: number }> => {
  const db = await open();
  const targets = makeBacklog().toRead(count);
  const began = performance.now();
  for (const target of targets) {
    const tx = db.transaction('intents', 'readwrite', { durability: 'strict' });
    tx.objectStore('intents').put(target);
    await committed(tx);
  }
  const ms = performance.now() - began;
  db.close();
  return { ms };
};

interface Counter {
  readonly cid: string;
  readonly unread: number;
  readonly lastMessage: { readonly sentAt: number };
}

/** The total and the 50 newest conversations, from one row each. */
const coldStart = async (): Promise<{ total: number; newest: Counter[] }> => {
  const db = await open();
  const all = await new Promise<Counter[]>((resolve, reject) => {
    const request = db.transaction('counters').objectStore('counters').getAll();
    request.onsuccess = () => resolve(request.result as Counter[]);
    request.onerror = () => reject(request.error ?? new Error('not read'));
  });
  const newest = all.sort((a, b) => b.lastMessage.sentAt - a.lastMessage.sentAt).slice(0, 50);
  return { total: all.reduce((sum, { unread }) => sum + unread, 0), newest };
};

export type RawJob = { readonly do: 'ingest' } | { readonly do: 'intents'; readonly count: number } | { readonly do: 'cold-start' };

self.onmessage = async ({ data }: MessageEvent<RawJob>) => {
  switch (data.do) {
    case 'ingest':
      return postMessage(await ingest());
    case 'intents':
      return postMessage(await intents(data.count));
    case 'cold-start':
      return postMessage(await coldStart());
  }
};
