/** Stand-ins for vendors' servers. */
import type { AddressInfo } from 'node:net';
import type { WebSocketServer } from 'ws';

/** A stand-in for a vendor's server, for the vendor's own SDK. */
export interface StandIn {
  readonly port: number;
  /** Ends all connections and refuses new ones, until `heal`. */
  cut(): void;
  heal(): void;
  close(): Promise<void>;
}

/** The stand-in over a listening server; `isCut` tells whether the server refuses connections now. */
export const standInOver = (server: WebSocketServer): StandIn & { readonly isCut: () => boolean } => {
  let isCut = false;
  const endAll = (): void => {
    for (const socket of server.clients) socket.terminate();
  };
  return {
    port: (server.address() as AddressInfo).port,
    isCut: () => isCut,
    cut() {
      isCut = true;
      endAll();
    },
    heal() {
      isCut = false;
    },
    close: () =>
      new Promise((resolve) => {
        endAll();
        server.close(() => resolve());
      }),
  };
};
