/** The endpoints for load balancers: `/health` says that the process answers, `/ready` whether to send clients here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readiness } from '../readiness.ts';

/**
 * Creates both endpoints below a path. @returns a function: true if the request was for such an endpoint, and is
 * answered.
 *
 * @param below the path without a slash at its end; empty for the root.
 */
export const createHealthDoor =
  (below: string, readiness: () => Promise<Readiness>) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    const path = (request.url ?? '/').split('?', 1)[0];
    const isHealth = path === `${below}/health`;
    if (!isHealth && path !== `${below}/ready`) return false;
    const answer = (status: number, body: object): void => {
      response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' }).end(JSON.stringify(body));
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(405, { message: 'GET this address' });
    else if (isHealth) answer(200, { status: 'ok' });
    else void readiness().then((status) => answer(status === 'ready' ? 200 : 503, { status }));
    return true;
  };
