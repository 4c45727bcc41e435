import { describe, expect, it } from 'vitest';
import { Writer } from '../../../src/engine/write/writer.ts';
import { VirtualProcess } from '../../../src/testing/virtual-process.ts';
import { createTestWorld } from '../../../src/testing/world.ts';
import { framesOf, openDevice, openTab, sentBy } from '../../support/on-tab.ts';
import { quietPorts } from '../../support/quiet-ports.ts';

describe('the leader tab', () => {
  it('one tab sends, all tabs write, and the next tab becomes the leader when the leader tab closes', async () => {
    const world = createTestWorld();
    const [device, first] = await openDevice(world, 'alice');
    const second = await openTab(world, device);
    const [, bob] = await openDevice(world, 'bob');
    await first.live();
    await second.live();
    expect((await second.now({ of: 'connection' })).leader).toBe(false);
    await second.say('bob', 'from the follower');
    await bob.until({ of: 'total-unread' }, (count) => count === 1);
    await first.close();
    await second.until({ of: 'connection' }, ({ leader, state }) => leader && state === 'live');
    await second.say('bob', 'from the new leader');
    await bob.until({ of: 'total-unread' }, (count) => count === 2);
  });

  it('I-19: a leader whose fencing token is outdated sends nothing, and leads again when flush asks for the lead', async () => {
    const world = createTestWorld();
    const [device, alice] = await openDevice(world, 'alice');
    await alice.live();
    const sent = sentBy(device);
    const submits = () => framesOf('submit', [...sent.sockets, ...sent.requests]);
    const store = await device.disk.open(new VirtualProcess(world.time, 'other'));
    const other = await world.until(Writer.open(quietPorts(store), 'alice'));
    await world.until(other.takeFence());
    await alice.say('bob', 'hello');
    await alice.until({ of: 'connection' }, ({ leader }) => !leader);
    expect(submits()).toEqual([]);
    const { pending } = await alice.ask('flush', 5000);
    expect(pending).toBe(0);
    expect(submits()).toHaveLength(1);
  });

  it('follower tabs do not send each other endless hints', async () => {
    const world = createTestWorld();
    const [device] = await openDevice(world, 'alice');
    await openTab(world, device);
    const third = await openTab(world, device);
    let heard = 0;
    world.time.onTrace = (line) => {
      if (line.includes(' hears ')) heard++;
    };
    await third.ask('flush', 50);
    await third.say('bob', 'x');
    await third.ask('flush', 2000);
    await world.pass(2000);
    expect(heard).toBeGreaterThan(0);
    // Several listeners in two tabs hear each hint.
    expect(heard).toBeLessThan(200);
  });
});
