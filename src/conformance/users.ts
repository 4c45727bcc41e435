/**
 * Where the test users come from. Each check takes users that no other check had, so a run needs no empty server, and a second run finds
 * none of the first.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';
import { Skipped } from './demand.ts';
import type { Host } from './host.ts';

/** A user of the run. */
export interface Person {
  /** The user's id. */
  readonly userId: string;
  /** The user's token. */
  readonly token: string;
}

/** Makes the users of a run. */
export interface Users {
  /** A user without any conversation. */
  next(): Promise<Person>;
  /** Another token of a user. @throws {Skipped} if these users cannot have such a token. */
  token(userId: string, expiresInMs?: number): Promise<string>;
}

/** Names for users and groups of one run. */
export const namesOfRun = (): ((kind: string) => string) => {
  const run = randomBytes(4).toString('hex');
  let count = 0;
  return (kind) => `cf-${run}-${kind}${++count}`;
};

const usersBy = (name: (kind: string) => string, token: Users['token']): Users => ({
  token,
  next: async () => {
    const userId = name('u');
    return { userId, token: await token(userId) };
  },
});

/** Users whose tokens the environment's host gives out. */
export const usersOfHost = (host: Host, name: (kind: string) => string): Users =>
  usersBy(name, async (userId, expiresInMs) => {
    const answer = await host.ask('token', { userId, ...(expiresInMs === undefined ? {} : { expiresInMs }) });
    if (typeof answer['token'] !== 'string') throw new UsageError('usage/invalid-option', `the host's answer to "token" has no token`);
    return answer['token'];
  });

const LIFE_MS = 3_600_000;
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Users whose tokens are JWTs, signed here by HS256. */
export const usersOfSecret = (secret: string, name: (kind: string) => string): Users =>
  usersBy(name, async (userId, expiresInMs = LIFE_MS) => {
    const exp = (Date.now() + expiresInMs) / 1000;
    const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: userId, exp })}`;
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  });

/** Users of a file: `{ "<user id>": "<token>", … }`. No user may have a conversation yet. */
export const usersOfFile = (file: string): Users => {
  const tokens = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  const left = Object.entries(tokens);
  return {
    next: async () => {
      const [userId, token] = left.shift() ?? [];
      if (userId === undefined || token === undefined) throw new Skipped(`${file} names no further user`);
      return { userId, token };
    },
    token: async (userId, expiresInMs) => {
      if (expiresInMs !== undefined) throw new Skipped('users of a file have no short-lived tokens');
      return tokens[userId]!;
    },
  };
};
