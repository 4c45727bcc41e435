/** Tokens as JWTs: the account is `sub`, the end is `exp`. */
import { createRemoteJWKSet, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { AuthError } from '../errors.ts';
import { ID_RULE, isId } from '../model/ids.ts';
import type { Authenticate } from '../server/core.ts';

export const DEV_TOKEN_MS = 600_000;

const identityOf: (payload: JWTPayload) => Awaited<ReturnType<Authenticate>> = ({ sub, exp }) => {
  if (!isId(sub)) throw new AuthError('auth/forbidden', `the token names no account: "sub" must be ${ID_RULE}`);
  return { userId: sub, expiresAt: exp === undefined ? null : Math.floor(exp * 1000) };
};

const refusalOf = (error: unknown): AuthError => {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return new AuthError('auth/expired', 'the token has ended');
  // Keys that cannot be had say nothing of the token.
  if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError))
    return new AuthError('auth/unavailable', 'the keys cannot be had');
  return new AuthError('auth/forbidden', 'the token is not valid here');
};

const verifying =
  (verify: (token: string) => Promise<{ payload: JWTPayload }>): Authenticate =>
  async (token) => {
    try {
      return identityOf((await verify(token)).payload);
    } catch (error) {
      throw refusalOf(error);
    }
  };

/** Only these: a token must not choose how it is checked. */
const SHARED = { algorithms: ['HS256', 'HS384', 'HS512'] };

export const authenticateBySecret = (secret: Uint8Array): Authenticate => verifying((token) => jwtVerify(token, secret, SHARED));

export const authenticateByKeys = (url: URL): Authenticate => {
  const keys = createRemoteJWKSet(url);
  return verifying((token) => jwtVerify(token, keys));
};

/** A token of ten minutes for anybody. For development only. */
export const issueDevToken = (secret: Uint8Array, userId: string): Promise<string> =>
  new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject(userId).setIssuedAt().setExpirationTime('10m').sign(secret);
