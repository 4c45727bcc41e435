/** A phone crashes during a catch-up. */
import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { createTestWorld } from '../../../src/testing/index.ts';

it.each(['commit', 'continue'] as const)(
  'a phone that crashes at the %s of any transaction of its catch-up has read no message: three messages are unread (F88)',
  async (point) => {
    for (let nth = 1, died = true; died; nth++) {
      const world = createTestWorld({ seed: 88 });
      const [phone, desk] = [world.device('ann'), world.device('ben')];
      (await world.open(phone)).kill();
      const ben = await world.open(desk);
      for (const body of ['"1"', '"2"', '"3"']) await world.until(ben.do('sendMessage', 'direct:ann', { body }));
      await world.pass(1000);
      let left = nth;
      phone.disk.trouble = (at) => (at === point && --left === 0 ? 'die' : null);
      await world.open(phone).catch(() => undefined);
      await world.pass(5000);
      died = left <= 0;
      phone.disk.trouble = () => null;
      const ann = await world.open(phone);
      await world.pass(5000);
      expect([nth, await firstValueFrom(ann.watch({ of: 'unread', conversationId: 'direct:ben' }))]).toEqual([nth, 3]);
      const row = world.server.dump().members.find(({ userId }) => userId === 'ann');
      expect(row).toMatchObject({ readUpTo: 0, read: [], delivered: [[1, 3]] });
      if (!died) expect(nth).toBeGreaterThan(5);
    }
  },
  30_000,
);
