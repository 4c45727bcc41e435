/** Tokens of test servers: `<user>` or `<user>@<expires at, epoch ms>`; a token with "bad" at its start is refused. */
import { AuthError } from '../../src/errors.ts';
import type { Users } from '../../src/conformance/users.ts';

export const authenticate = async (token: string) => {
  if (token.startsWith('bad')) throw new AuthError('auth/forbidden', 'refused');
  const [userId = '', expires] = token.split('@');
  if (expires !== undefined && Number(expires) <= Date.now()) throw new AuthError('auth/expired', 'ended');
  return expires === undefined ? { userId } : { userId, expiresAt: Number(expires) };
};

/** Users of the conformance kit with such tokens. */
export const usersOfTests = (name: (kind: string) => string): Users => {
  const token: Users['token'] = async (userId, expiresInMs) =>
    expiresInMs === undefined ? userId : `${userId}@${Date.now() + expiresInMs}`;
  return {
    token,
    next: async () => {
      const userId = name('u');
      return { userId, token: await token(userId) };
    },
  };
};
