/** Tokens as JWTs: the account is `sub`, the end is `exp`. */
import { createRemoteJWKSet, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { AuthError } from '../errors.ts';
import { ID_RULE, isId } from '../model/ids.ts';
import type { Authenticate } from '../server/core.ts';
import type { ServeOptions } from './options.ts';

export const DEV_TOKEN_MS = 600_000;

const identityOf: (payload: JWTPayload) => Awaited<ReturnType<Authenticate>> = ({ sub, exp }) => {
  if (!isId(sub)) throw new AuthError('auth/forbidden', `the token names no account: "sub" must be ${ID_RULE}`);
  return { userId: sub, expiresAt: exp === undefined ? null : Math.floor(exp * 1000) };
};

/** What is wrong with the token itself. Anything else is trouble with the keys: a time-out, a status 500, an answer that holds no keys. */
const FAULTS_OF_TOKENS = [
  errors.JWTClaimValidationFailed,
  errors.JWTInvalid,
  errors.JWSInvalid,
  errors.JWSSignatureVerificationFailed,
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSEAlgNotAllowed,
  errors.JOSENotSupported,
];

const refusalOf = (error: unknown): AuthError => {
  if (error instanceof AuthError) return error;
  if (error instanceof errors.JWTExpired) return new AuthError('auth/expired', 'the token has ended');
  if (FAULTS_OF_TOKENS.some((fault) => error instanceof fault)) return new AuthError('auth/forbidden', 'the token is not valid here');
  return new AuthError('auth/unavailable', 'the keys cannot be had');
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

/** Of whom and for whom a token must be. What is absent is not checked. */
export type Claims = ServeOptions['claims'];

export const authenticateBySecret = (secret: Uint8Array, claims: Claims = {}): Authenticate =>
  verifying((token) => jwtVerify(token, secret, { ...SHARED, ...claims }));

/** Keys are fetched when they are needed: within 5 s, again after 10 minutes, and for a key that is not known at most every 30 s. */
export const authenticateByKeys = (url: URL, claims: Claims = {}): Authenticate => {
  const keys = createRemoteJWKSet(url);
  return verifying((token) => jwtVerify(token, keys, claims));
};

/** A token of ten minutes for anybody. For development only. */
export const issueDevToken = (secret: Uint8Array, userId: string): Promise<string> =>
  new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setSubject(userId).setIssuedAt().setExpirationTime('10m').sign(secret);
