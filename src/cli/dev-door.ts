/** `POST /dev/token`: anybody signs in as anybody. Exists only with `--dev`, which listens on loopback only. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { isId } from '../model/ids.ts';
import { isOriginAllowed } from '../server/origin.ts';
import { DEV_TOKEN_MS, issueDevToken } from './tokens.ts';

const MAX_REQUEST_BYTES = 1024;

/** Kept in the data folder, so that tokens survive a restart. */
export const devSecret = (folder: string): Uint8Array => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, 'dev-secret');
  try {
    writeFileSync(file, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return new TextEncoder().encode(readFileSync(file, 'utf8'));
};

const userIdIn = async (request: IncomingMessage): Promise<string | undefined> => {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_REQUEST_BYTES) return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'userId' in value && isId(value.userId) ? value.userId : undefined;
  } catch {
    return undefined;
  }
};

/** A page elsewhere that gives its own name this machine's address is still elsewhere: the name gives it away. */
const isLocalHost = (host: string | undefined): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');

export const createDevDoor =
  (secret: Uint8Array, allowedOrigins: readonly string[] | undefined) =>
  (request: IncomingMessage, response: ServerResponse): boolean => {
    if (request.url !== '/dev/token') return false;
    const { origin, host } = request.headers;
    const answer = (status: number, body: object): void => {
      response.writeHead(status, {
        'Content-Type': 'application/json',
        'Cache-Control': 'no-store',
        ...(origin && status !== 403
          ? { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Headers': 'Content-Type', Vary: 'Origin' }
          : {}),
      });
      response.end(JSON.stringify(body));
    };
    const work = async (): Promise<void> => {
      if (!isLocalHost(host) || !isOriginAllowed(origin, host, allowedOrigins))
        return answer(403, { message: 'only pages of this server get a token' });
      if (request.method === 'OPTIONS') return answer(200, {});
      if (request.method !== 'POST') return answer(405, { message: 'POST {"userId": "…"}' });
      const userId = await userIdIn(request);
      if (userId === undefined) return answer(400, { message: 'POST {"userId": "…"}, 1 to 128 bytes' });
      answer(200, { token: await issueDevToken(secret, userId), expiresInMs: DEV_TOKEN_MS });
    };
    work().catch(() => response.destroy());
    return true;
  };
