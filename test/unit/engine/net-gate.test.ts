import { expect, it } from 'vitest';
import { NetGate } from '../../../src/engine/net/net-gate.ts';
import type { LinkHandlers, NetPort } from '../../../src/ports/ports.ts';

/** A network with a single connection, opened and closed by the test. */
const oneConnection = () => {
  const connections: LinkHandlers[] = [];
  const net: NetPort = {
    connect: (handlers) => {
      connections.push(handlers);
      return { send: () => undefined, buffered: 0, close: () => undefined };
    },
    request: () => Promise.reject(new Error('no request is expected')),
  };
  return { net, connections };
};

const handlersOf = (heard: string[]): LinkHandlers => ({
  opened: () => heard.push('opened'),
  frame: () => heard.push('frame'),
  closed: () => heard.push('closed'),
  malformed: () => heard.push('malformed'),
});

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

it('a tab, frozen between connect and open, sends nothing after the thaw if the account logged out meanwhile (I-26, F29)', async () => {
  const { net, connections } = oneConnection();
  const gate = new NetGate(net);
  const heard: string[] = [];
  gate.connect(handlersOf(heard));
  await settled();
  // The tab thaws: the socket has opened, and the hint of the log-out still waits behind the open event.
  gate.readStore = async () => gate.shut();
  connections[0]!.opened();
  await settled();
  expect(heard).toEqual([]);
});

it('a connection that closes during a read of the store is not opened afterwards', async () => {
  const { net, connections } = oneConnection();
  const gate = new NetGate(net);
  const heard: string[] = [];
  gate.connect(handlersOf(heard));
  await settled();
  connections[0]!.opened();
  connections[0]!.closed(1006, 'cut');
  await settled();
  expect(heard).toEqual(['closed']);
});
