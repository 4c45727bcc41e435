/** A TCP address that leads to a server, and that a test cuts: all connections break, and new ones are refused. */
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

export interface CuttableLine {
  readonly port: number;
  cut(): void;
  restore(): void;
  end(): void;
}

export const cuttableLine = async (target: NetConnectOpts): Promise<CuttableLine> => {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) return void near.resetAndDestroy();
    const far = connect(target);
    keep(far);
    near.pipe(far).pipe(near);
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    restore: () => void (isCut = false),
    end: () => {
      cut();
      server.close();
    },
  };
};
