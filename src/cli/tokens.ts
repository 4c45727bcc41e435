/** Checks tokens as JWTs: `sub` names the account, `exp` the expiry. */
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

/**
 * Errors of the token itself. All other errors are failures to get the keys: a timeout, a status 500, an
 * answer without keys.
 */
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
  if (error instanceof errors.JWTExpired) return new AuthError('auth/expired', 'the token has expired');
  if (FAULTS_OF_TOKENS.some((fault) => error instanceof fault)) return new AuthError('auth/forbidden', 'the token is not valid here');
  return new AuthError('auth/unavailable', 'the keys cannot be fetched');
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

/** The accepted algorithms: a token must not choose the way of its own check. */
const SHARED = { algorithms: ['HS256', 'HS384', 'HS512'] };

/** The expected issuer and audience. An absent claim is not checked. */
export type Claims = ServeOptions['claims'];

export const authenticateBySecret = (secret: Uint8Array, claims: Claims = {}): Authenticate =>
  verifying((token) => jwtVerify(token, secret, { ...SHARED, ...claims }));

/**
 * Checks tokens with published keys. Keys are fetched on demand, with a timeout of 5 s, again after 10
 * minutes, and at most every 30 s for an unknown key.
 */
export const authenticateByKeys = (url: URL, claims: Claims = {}): Authenticate => {
  const keys = createRemoteJWKSet(url);
  return verifying((token) => jwtVerify(token, keys, claims));
};

/** Issues a token of ten minutes for any user. For development only. */
export const issueDevToken = (secret: Uint8Array, userId: string, expiresInMs = DEV_TOKEN_MS): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(userId)
    .setIssuedAt()
    .setExpirationTime((Date.now() + expiresInMs) / 1000)
    .sign(secret);
