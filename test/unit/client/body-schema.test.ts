/** The option `bodySchema`: what the app sends must fit, and what arrives and does not fit is never lost. */
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { createReceiptClient, type ReceiptClient, type ReceiptEvent, type StandardSchemaV1, UsageError } from '../../../src/index.ts';
import { keyOf } from '../../../src/react/own-client.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';

const bodySchema = v.object({ text: v.string(), to: v.optional(v.object({ line: v.number() })) });
type MyBody = v.InferInput<typeof bodySchema>;

const scene = async (): Promise<{ world: TestWorld; ann: ReceiptClient<MyBody> }> => {
  const world = createTestWorld();
  const ann = world.client(world.device('ann'), { bodySchema });
  await world.until(ann.watchConnection(), ({ state }) => state === 'live');
  return { world, ann };
};

it('a body that does not fit is not sent: the error names the first issue and its path', async () => {
  const { world, ann } = await scene();
  const wrong = { text: 'ahoy', to: { line: 'three' } } as never;
  const refusal = await ann.sendMessage('direct:ben', wrong).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(UsageError);
  expect(refusal).toMatchObject({
    code: 'usage/invalid-argument',
    message: expect.stringMatching(/^bodySchema: body\.to\.line: /),
  });
  expect(await world.until(ann.sendMessage('direct:ben', { text: 'ahoy' }))).toMatchObject({ body: { text: 'ahoy' } });
  expect(await world.until(ann.watchMessages('direct:ben'), ({ length }) => length > 0)).toHaveLength(1);
});

it('a received body that does not fit is set aside in unfitBody, in every stream and answer, and the message counts as every other', async () => {
  const { world, ann } = await scene();
  const events: ReceiptEvent<MyBody>[] = [];
  ann.watchEvents().subscribe((event) => events.push(event));
  const ben = world.person('ben');
  const { id } = await ben.send('direct:ann', { sticker: 7 });
  await ben.send('direct:ann', { text: 'ahoy' });
  expect(await world.until(ann.watchUnreadCount('direct:ben'), (count) => count === 2)).toBe(2);
  const all = await world.until(ann.watchMessages('direct:ben'), ({ length }) => length === 2);
  const [unfit, fit] = all;
  expect(unfit).toMatchObject({ body: null, unfitBody: { sticker: 7 }, recalled: false });
  expect(fit).toMatchObject({ body: { text: 'ahoy' } });
  expect(fit).not.toHaveProperty('unfitBody');
  // A second subscriber sees the same.
  expect(await world.until(ann.watchMessages('direct:ben'), ({ length }) => length === 2)).toEqual(all);
  expect(await world.until(ann.findMessage(id))).toMatchObject({ body: null, unfitBody: { sticker: 7 } });
  expect((await world.until(ann.loadMessages('direct:ben', { around: id, limit: 5 }))).messages).toEqual(all);
  await ben.send('direct:ann', ['a list']);
  await world.until(ann.watchConversation('direct:ben'), (chat) => chat?.latestSeq === 3);
  const [chat] = await world.until(ann.watchConversations());
  expect(chat!.lastMessage).toMatchObject({ body: null, unfitBody: ['a list'] });
  const told = events.flatMap((event) => (event.type === 'message' ? [event.message.unfitBody] : []));
  expect(told).toEqual([{ sticker: 7 }, undefined, ['a list']]);
  // The other side is told nothing of it.
  await ben.recall(id);
  const recalled = await world.until(ann.watchMessages('direct:ben'), ([first]) => first!.recalled);
  expect(recalled[0]).toMatchObject({ body: null });
  expect(recalled[0]).not.toHaveProperty('unfitBody');
});

it('a schema that throws, or answers by a promise, refuses what the app sends and ends no stream', async () => {
  for (const validate of [
    () => Promise.resolve({ value: 1 }),
    (): never => {
      throw new Error('broken');
    },
  ]) {
    const broken: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate } };
    const world = createTestWorld();
    const ann = world.client(world.device('ann'), { bodySchema: broken });
    await expect(ann.sendMessage('direct:ben', 'ahoy')).rejects.toMatchObject({ code: 'usage/invalid-argument' });
    await world.person('ben').send('direct:ann', 'ahoy');
    expect(await world.until(ann.watchMessages('direct:ben'), ({ length }) => length === 1)).toMatchObject([
      { body: null, unfitBody: 'ahoy' },
    ]);
  }
});

it('what is no schema is refused at once, and React tells no two accounts apart by their schema', () => {
  const options = { url: 'wss://chat.example/receipts', userId: 'ann', getToken: () => 'token' };
  for (const wrong of [{}, 'zod', { '~standard': {} }, null])
    expect(() => createReceiptClient({ ...options, bodySchema: wrong as never })).toThrow(/bodySchema must be a Standard Schema/);
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  expect(keyOf({ ...options, bodySchema: loop as never })).toBe(keyOf(options));
});
