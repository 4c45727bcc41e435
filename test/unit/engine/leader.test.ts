import { afterEach, describe, expect, it } from 'vitest';
import { Writer } from '../../../src/engine/write/writer.ts';
import { createMemoryStore } from '../../../src/store/memory-store.ts';
import { createTestServer, LoopbackNet, TestDevice, type TestTab } from '../../support/loopback.ts';

describe('the leader tab', () => {
  const open: TestTab[] = [];
  const tabOf = async (device: TestDevice): Promise<TestTab> => {
    const tab = await device.open();
    open.push(tab);
    return tab;
  };
  afterEach(() => {
    for (const tab of open.splice(0)) tab.close();
  });

  it('one tab sends, all tabs write, and the next tab becomes the leader when the leader tab closes', async () => {
    const net = new LoopbackNet(createTestServer());
    const device = new TestDevice('alice', net);
    const [first, second] = [await tabOf(device), await tabOf(device)];
    const bob = await tabOf(new TestDevice('bob', net));
    await first.live();
    await second.live();
    expect((await second.now({ of: 'connection' })).leader).toBe(false);
    await second.say('bob', 'from the follower');
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
    first.close();
    await second.until({ of: 'connection' }, ({ leader, state }) => leader && state === 'live');
    await second.say('bob', 'from the new leader');
    await bob.until({ of: 'total-unread' }, (count) => count === 2);
  });

  it('I-19: a leader whose fencing token is outdated sends nothing, and leads again when flush asks for it', async () => {
    const net = new LoopbackNet(createTestServer());
    const device = new TestDevice('alice', net);
    const alice = await tabOf(device);
    await alice.live();
    const other = await Writer.open(device.ports(createMemoryStore(device.disk)), 'alice');
    await other.takeFence();
    await alice.say('bob', 'hello');
    await alice.until({ of: 'connection' }, ({ leader }) => !leader);
    expect(net.sent('submit')).toEqual([]);
    const { pending } = await alice.engine.query({ do: 'flush', args: [5000] }).then((result) => result as { pending: number });
    expect(pending).toBe(0);
    expect(net.sent('submit')).toHaveLength(1);
  });

  it('follower tabs do not send each other endless hints', async () => {
    const net = new LoopbackNet(createTestServer());
    const device = new TestDevice('alice', net);
    const tabs = [await tabOf(device), await tabOf(device), await tabOf(device)];
    let posted = 0;
    device.heard = () => posted++;
    await tabs[2]!.engine.query({ do: 'flush', args: [50] });
    await tabs[2]!.say('bob', 'x');
    await tabs[2]!.engine.query({ do: 'flush', args: [2000] });
    expect(posted).toBeLessThan(100);
  });
});
