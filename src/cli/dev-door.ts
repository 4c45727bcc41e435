/**
 * `POST /dev/…`: hands out tokens for any user, and creates groups. Exists only with `--dev`, on loopback
 * only.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { requireId } from '../model/ids.ts';
import { readOptions } from '../model/option-names.ts';
import type { Role } from '../server/store/records.ts';
import { isOriginAllowed } from '../server/doors/origin.ts';
import type { ReceiptServer } from '../server/receipt-server.ts';
import { DEV_TOKEN_MS, issueDevToken } from './tokens.ts';

const MAX_REQUEST_BYTES = 64 * 1024;

/** The secret for development tokens. The file is in the data folder, so that tokens survive a restart. */
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

type Body = Readonly<Record<string, unknown>>;

const bodyOf = async (request: IncomingMessage): Promise<Body | undefined> => {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_REQUEST_BYTES) return undefined;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Body) : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Whether the Host header names this machine. A foreign page may point its own domain at this machine's
 * address (DNS rebinding), but the Host header then carries the foreign domain.
 */
export const isLocalHost = (host: string | undefined): boolean => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');

type Groups = Pick<ReceiptServer, 'createGroup' | 'addMember' | 'removeMember' | 'setPolicy' | 'policy'>;

interface MemberChange {
  readonly groupId: string;
  readonly userId: string;
  readonly role?: Role | null;
}

interface Door {
  /** The body of the POST, as an example for the error message. */
  readonly takes: string;
  /** Answers a body. @throws {UsageError} for an invalid body. */
  answer(body: Body): object | Promise<object>;
}

/** The life of a token, ms. @throws {UsageError} */
const lifeOf = (expiresInMs: unknown = DEV_TOKEN_MS): number => {
  if (typeof expiresInMs === 'number' && expiresInMs > 0 && expiresInMs <= DEV_TOKEN_MS) return expiresInMs;
  throw new UsageError('usage/invalid-argument', `expiresInMs must be above 0 and at most ${DEV_TOKEN_MS}; got ${String(expiresInMs)}`);
};

/** The endpoints. The receipt server checks the bodies and throws a usage error for an invalid body. */
const doorsOf = (secret: Uint8Array, groups: () => Groups): Readonly<Record<string, Door>> => ({
  '/dev/token': {
    takes: '{"userId": "…", "expiresInMs": at most 600000}',
    answer: async (body) => {
      const { userId, expiresInMs } = readOptions(body, '/dev/token', { userId: 1, expiresInMs: 1 });
      const lifeMs = lifeOf(expiresInMs);
      return { token: await issueDevToken(secret, requireId(userId, 'userId'), lifeMs), expiresInMs: lifeMs };
    },
  },
  '/dev/group': {
    takes: '{"groupId": "…", "members": [{"userId": "…", "role": "member" or "admin"}]}',
    answer: async (body) => {
      await groups().createGroup(body as unknown as Parameters<Groups['createGroup']>[0]);
      return {};
    },
  },
  '/dev/member': {
    takes: '{"groupId": "…", "userId": "…", "role": "member", "admin", or null to remove the member}',
    answer: async (body) => {
      const given = body as unknown as MemberChange;
      const { groupId, userId, role = 'member' } = readOptions(given, '/dev/member', { groupId: 1, userId: 1, role: 1 });
      if (role === null) await groups().removeMember(groupId, userId);
      else await groups().addMember(groupId, userId, { role });
      return {};
    },
  },
  '/dev/policy': {
    takes: '{"receipts": {…}}, {"limits": {…}}, {"retention": {…}}, {"rate": {…}}',
    answer: async (change) => {
      await groups().setPolicy(change);
      const { limits, receipts, retention, rate } = groups().policy;
      return { limits, receipts, retention, rate };
    },
  },
});

/** Creates the endpoints. @param groups returns the receipt server; called for each request. */
export const createDevDoor = (secret: Uint8Array, allowedOrigins: readonly string[] | undefined, groups: () => Groups) => {
  const doors = new Map(Object.entries(doorsOf(secret, groups)));
  return (request: IncomingMessage, response: ServerResponse): boolean => {
    const door = doors.get(request.url ?? '');
    if (!door) return false;
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
        return answer(403, { message: 'only pages of this server may call this endpoint' });
      if (request.method === 'OPTIONS') return answer(200, {});
      if (request.method !== 'POST') return answer(405, { message: `POST ${door.takes}` });
      const body = await bodyOf(request);
      try {
        const done = body && (await door.answer(body));
        answer(done ? 200 : 400, done ?? { message: `POST ${door.takes}` });
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        answer(400, { message: error.message });
      }
    };
    work().catch(() => response.destroy());
    return true;
  };
};
