/** A reverse proxy before the server, like nginx: by default it sends the name of the server behind it as `Host`. */
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HttpProxy {
  readonly host: string;
  close(): void;
}

/** @param hostHeader `rewrites`: nginx's default, and Vite's `changeOrigin`. `passes`: the header from the browser. */
export const startProxy = async (target: string, hostHeader: 'rewrites' | 'passes'): Promise<HttpProxy> => {
  const [hostname, port] = target.split(':') as [string, string];
  const onward = ({ method, url, headers }: IncomingMessage) =>
    request({ hostname, port, method, path: url, headers: { ...headers, ...(hostHeader === 'rewrites' ? { host: target } : {}) } });
  const server = createServer((asked, answer) => {
    const upstream = onward(asked).on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    });
    upstream.on('error', () => answer.destroy());
    asked.pipe(upstream);
  });
  server.on('upgrade', (asked: IncomingMessage, socket) => {
    onward(asked)
      .on('upgrade', (response, upstream, first) => {
        const lines = response.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : []));
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
        socket.write(first); // the server sent bytes at once
        for (const [from, to] of [
          [socket, upstream],
          [upstream, socket],
        ] as const) {
          from.on('error', () => to.destroy());
          from.pipe(to);
        }
      })
      .on('error', () => socket.destroy())
      .end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
};
