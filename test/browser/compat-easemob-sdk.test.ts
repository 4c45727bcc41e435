/**
 * The vendor's own SDK is the judge of the facade: one script runs twice, with the SDK and a stand-in for its server, and with the facade and
 * the real server. Each difference between the two logs is listed here, and EASEMOB.md names it.
 */
import { describe, expect, it } from 'vitest';
import { judge, more } from './easemob-judge.ts';

const toBob = { chatType: 'singleChat', to: 'bob' };
const toAlice = { chatType: 'singleChat', to: 'alice' };
const toCrew = { chatType: 'groupChat', to: 'crew' };

const RECEIPT = 'onReceivedMessage { id: "(receipt)", mid: "(receipt)"';
/** The vendor tells the device that the server has its automatic delivery receipt, whose id no app knows. */
const delivery = (of: string, to: string): string => `${of} ${RECEIPT}, to: "${to}" }`;

/** Who heard which event. */
const namesOf = (log: readonly string[]): string[] => log.map((line) => line.slice(0, line.indexOf(' {')));

describe.skipIf(!navigator.userAgent.includes('Chrom'))('the facade beside the vendor’s SDK', () => {
  it('reports the same to an app', async () => {
    const { theirs, ours } = await judge(async (run) => {
      const first = await run.say('alice', 'first', toBob, ['bob']);
      await run.heard('alice', 'onDeliveredMessage', { mid: first });
      const second = await run.say('alice', 'second', toBob, ['bob']);
      await run.heard('alice', 'onDeliveredMessage', { mid: second });
      await run.acknowledge('bob', { type: 'read', ...toAlice, id: first });
      await run.heard('alice', 'onReadMessage', { mid: first });
      await run.acknowledge('bob', { type: 'channel', ...toAlice });
      await run.heard('alice', 'onChannelMessage', { from: 'bob' });
      // After the conversation receipt, a message receipt is news all the same.
      await run.acknowledge('bob', { type: 'read', ...toAlice, id: second });
      await run.heard('alice', 'onReadMessage', { mid: second });
      const third = await run.say('alice', 'third', { ...toCrew, msgConfig: { allowGroupAck: true } }, ['bob', 'carol']);
      await run.acknowledge('bob', { type: 'read', ...toCrew, id: third, ackContent: 'aye' });
      await run.heard('alice', 'onReadMessage', { mid: third, from: 'bob' });
      await run.acknowledge('carol', { type: 'read', ...toCrew, id: third, ackContent: 'no' });
      await run.heard('alice', 'onReadMessage', { mid: third, from: 'carol' });
      await run.acknowledge('bob', { type: 'channel', ...toCrew });
      // A last message, so that everything before it has arrived.
      const last = await run.say('bob', 'last', toAlice, ['alice']);
      await run.heard('bob', 'onDeliveredMessage', { mid: last });
    });
    expect(more(ours, theirs)).toEqual([]);
    expect(more(theirs, ours)).toEqual([
      delivery('alice', 'bob'),
      delivery('bob', 'alice'),
      delivery('bob', 'alice'),
      // In a group, a conversation receipt is a clear, which has no answer.
      delivery('bob', 'crew'),
    ]);
    expect(theirs.length).toBeGreaterThan(20);
  });

  it('refuses the same calls, and tells the end of a connection that the app closes', async () => {
    const { theirs, ours } = await judge(async (run, sdk) => {
      const wrong = {
        'an empty message': {},
        'a text without a receiver': sdk.create({ type: 'txt', chatType: 'singleChat', msg: 'x' }),
        'a receipt without a receiver': sdk.create({ type: 'read', chatType: 'singleChat', id: 'm1' }),
        'a conversation receipt without a receiver': sdk.create({ type: 'channel', chatType: 'singleChat' }),
      };
      for (const [name, message] of Object.entries(wrong)) await run.outcome('alice', name, (phone) => phone.send(message));
      await run.outcome('alice', 'a second log-in', (phone) => phone.open({ user: 'alice', accessToken: 'token-of-alice' }));
      run.close('alice');
      await run.heard('alice', 'onDisconnected');
      const text = sdk.create({ type: 'txt', msg: 'x', ...toBob });
      await run.outcome('alice', 'a text after the end', (phone) => phone.send(text));
    });
    expect(ours).toEqual(theirs);
    expect(ours).toHaveLength(6);
  });

  it('sends receipts that were made without a connection also after the app has closed and opened again', async () => {
    const { theirs, ours } = await judge(async (run, sdk) => {
      const first = await run.say('alice', 'first', toBob, ['bob']);
      await run.heard('alice', 'onDeliveredMessage', { mid: first });
      await sdk.cut();
      await run.heard('bob', 'onDisconnected');
      run.acknowledgeOffline('bob', { type: 'read', ...toAlice, id: first });
      run.acknowledgeOffline('bob', { type: 'channel', ...toAlice });
      // After some attempts without a server, the vendor's SDK stops connecting, so both apps open again.
      run.close('alice');
      run.close('bob');
      await sdk.heal();
      await run.open('alice');
      await run.open('bob');
      const last = await run.say('bob', 'last', toAlice, ['alice']);
      await run.heard('bob', 'onDeliveredMessage', { mid: last });
    });
    // The vendor's SDK drops what waits when the app closes the connection.
    expect(namesOf(more(ours, theirs))).toEqual(['alice onChannelMessage', 'alice onReadMessage']);
  });
});
