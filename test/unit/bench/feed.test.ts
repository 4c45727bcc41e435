import { expect, it } from 'vitest';
import { CONTESTANTS } from '../../bench/contestants/list.ts';
import { Feed, ME } from '../../bench/data/feed.ts';
import { readOptions } from '../../bench/options.ts';
import { planRun } from '../../bench/plan.ts';
import { WORKLOADS } from '../../bench/workloads/list.ts';

const AMOUNT = { messages: 3500, conversations: 20 };

it('the feed counts what it gives: each message of another user is unread', () => {
  const feed = new Feed(AMOUNT);
  const messages = feed.batches().flat();
  expect(messages).toHaveLength(AMOUNT.messages);
  const counted = new Map<string, number>();
  for (const { senderId, conversationId } of messages)
    if (senderId !== ME) counted.set(conversationId, (counted.get(conversationId) ?? 0) + 1);
  expect(feed.unread).toEqual(counted);
  expect(feed.totalUnread).toBe([...counted.values()].reduce((sum, count) => sum + count, 0));
});

it('every feed of a size gives the same messages, and the same ones after the backlog', () => {
  const one = new Feed(AMOUNT);
  one.batches();
  const other = new Feed(AMOUNT).skipBacklog();
  expect(other.latestSeq).toEqual(one.latestSeq);
  expect(other.take(10, true)).toEqual(one.take(10, true));
});

it('the messages to read are unread messages of others, and a second portion shares none with the first', () => {
  const feed = new Feed(AMOUNT).skipBacklog();
  const first = feed.toRead(100);
  const second = feed.toRead(50, 100);
  expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(150);
  expect(() => feed.toRead(10_000)).toThrow('messages to read');
});

it('contestants change places with every run, and each runs every workload that it takes part in', () => {
  const options = readOptions(['--runs', '2', '--sizes', '10k,100k']);
  const of = (run: number): string[] => {
    const steps = planRun(options, run).flat();
    return steps.filter(({ workload, amount }) => workload.id === 'W1' && amount.messages === 10_000).map(({ contestant }) => contestant);
  };
  const all = CONTESTANTS.filter(({ workloads }) => workloads.includes('W1')).map(({ id }) => id);
  expect(of(0)).toEqual(all);
  expect(of(1)).toEqual([...all.slice(1), all[0]]);
});

it('a workload on one size takes the size nearest to 100,000 messages, and large stores run once', () => {
  const options = readOptions(['W1', 'W2', '--sizes', '10k,1m', '--contestants', 'raw-rows,rxdb']);
  const named = (run: number): string[] =>
    planRun(options, run).flatMap((steps) => steps.map((step) => `${step.workload.id} ${step.amount.messages} ${step.contestant}`));
  expect(named(0)).toEqual(['W1 10000 raw-rows', 'W1 10000 rxdb', 'W2 10000 raw-rows', 'W2 10000 rxdb', 'W1 1000000 raw-rows']);
  expect(named(1)).toEqual(['W1 10000 rxdb', 'W1 10000 raw-rows', 'W2 10000 rxdb', 'W2 10000 raw-rows']);
});

it('on a million messages alone, no workload for one size runs', () => {
  const steps = planRun(readOptions(['W1', 'W7', '--sizes', '1m', '--contestants', 'raw-rows']), 0).flat();
  expect(steps.map(({ workload }) => workload.id)).toEqual(['W1', 'W7']);
});

it('a workload brings its parts along, and an unknown name is refused with the names that exist', () => {
  expect(readOptions(['W7', 'W1r']).workloads).toEqual(['W1', 'W7b', 'W7']);
  expect(readOptions([]).workloads).toEqual(WORKLOADS.map(({ id }) => id));
  expect(() => readOptions(['W9'])).toThrow('no such workload: W9');
  expect(() => readOptions(['--contestants', 'raw'])).toThrow('no such contestant: raw');
  expect(() => readOptions(['--sizes', 'big'])).toThrow('--sizes');
  expect(() => readOptions(['--sqlite', '--browser', 'firefox'])).toThrow('Chromium');
});

it('every contestant takes part only in workloads that exist, and every reference takes part in its workload', () => {
  const ids = WORKLOADS.map(({ id }) => id);
  for (const { workloads } of CONTESTANTS) expect(ids).toEqual(expect.arrayContaining([...workloads]));
  for (const { id, reference } of WORKLOADS)
    expect(CONTESTANTS.find((one) => one.id === reference)?.workloads, `${id}: ${reference}`).toContain(id);
});
