/** A group that the user has left: nothing there is unread, so no call of the user queues what the server refuses. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptEvent } from '../../../src/model/api/event.ts';
import { createTestWorld, type TestWorld } from '../../../src/testing/world.ts';
import { openDevice, type WorldTab } from '../../support/on-tab.ts';

const CREW = 'group:crew';

describe('a group from which the user was removed, with unread messages', () => {
  let world: TestWorld;
  let ann: WorldTab;
  let eve: WorldTab;
  let heard: ReceiptEvent[];

  const say = (text: string, id: string) => ann.do('sendMessage', CREW, { body: JSON.stringify(text), requestReceipt: true, id });
  const crew = (left: boolean) => eve.until({ of: 'conversation', conversationId: CREW }, (chat) => chat?.left === left);
  const remove = async (): Promise<void> => {
    await world.until(world.server.host.removeMember('crew', 'eve'));
    await crew(true);
  };
  /** What the device shows after all pending entries have ended. */
  const ended = async () => {
    await eve.until({ of: 'outbox' }, ({ pending }) => pending === 0);
    return {
      rejected: heard.filter(({ type }) => type === 'rejected').length,
      letters: (await eve.now({ of: 'dead-letters' })).length,
      unread: await eve.now({ of: 'unread', conversationId: CREW }),
    };
  };
  const nothing = { rejected: 0, letters: 0, unread: 0 };

  beforeEach(async () => {
    world = createTestWorld();
    const members = ['ann', 'eve'].map((userId) => ({ userId }));
    await world.until(world.server.host.createGroup({ groupId: 'crew', members }));
    [, ann] = await openDevice(world, 'ann');
    [, eve] = await openDevice(world, 'eve');
    heard = [];
    eve.watch({ of: 'events' }).subscribe(({ event }) => heard.push(event));
    for (const id of ['m1', 'm2', 'm3']) await say('high water', id);
    await eve.until({ of: 'messages', conversationId: CREW, limit: 5 }, ({ length }) => length === 3);
  });

  it('every call that reads or clears finds nothing to do, and makes no dead letter (F78)', async () => {
    await remove();
    for (let n = 0; n < 3; n++) await eve.do('clearAllUnreadCounts');
    await eve.do('clearConversationUnreadCount', CREW);
    await eve.do('clearConversationUnreadCount', CREW, 'm2');
    await eve.do('clearMessages', CREW, ['m1', 'm3']);
    await eve.do('sendConversationReadReceipt', CREW, {});
    await eve.do('readGroup', CREW);
    expect(await eve.do('readArrivals', CREW, 0)).toBe(3);
    expect(await eve.do('passArrivals', CREW, 0, 3)).toBe(3);
    expect(await ended()).toEqual(nothing);
    // After a return, the count begins at the return.
    await world.until(world.server.host.addMember('crew', 'eve'));
    await crew(false);
    await say('welcome back', 'm4');
    await eve.until({ of: 'unread', conversationId: CREW }, (count) => count === 1);
    await eve.do('readGroup', CREW);
    expect(await ended()).toEqual(nothing);
  });

  it('a read receipt of a former member counts no more, so it is skipped and not sent (F78)', async () => {
    await eve.do('sendReadReceipts', CREW, ['m1'], {});
    await ended();
    await remove();
    expect(await eve.do('sendReadReceipts', CREW, ['m1', 'm2', 'elsewhere'], {})).toEqual({
      queued: [],
      skipped: [
        { id: 'm1', reason: 'already-acked' },
        { id: 'm2', reason: 'not-counted' },
        { id: 'elsewhere', reason: 'not-counted' },
      ],
    });
    expect(await ended()).toEqual(nothing);
  });

  it('its mark rests: the group shows none, and a clear does not try to remove it (F78)', async () => {
    await eve.do('setMarkedUnread', CREW, true);
    await ended();
    await remove();
    expect(await crew(true)).toMatchObject({ markedUnread: false, unreadCount: 0 });
    await eve.do('clearConversationUnreadCount', CREW);
    await eve.do('clearAllUnreadCounts');
    await eve.do('setMarkedUnread', CREW, false);
    expect(await ended()).toEqual(nothing);
  });

  it('the server refuses a flag there, and the user learns of it by a dead letter (F78)', async () => {
    await remove();
    await eve.do('setMuted', CREW, true);
    expect(await ended()).toEqual({ rejected: 1, letters: 1, unread: 0 });
    expect(await eve.now({ of: 'conversation', conversationId: CREW })).toMatchObject({ muted: false });
  });
});
