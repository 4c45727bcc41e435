/** JSON Web Tokens: their audience and issuer, and silent key servers. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterEach, describe, expect, it } from 'vitest';
import { authenticateByKeys, authenticateBySecret } from '../../../src/cli/tokens.ts';

const secret = new TextEncoder().encode('s'.repeat(32));
const signed = (claims: { aud?: string; iss?: string }): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256' }).setSubject('alice').setExpirationTime('1m').sign(secret);

describe('the audience and the issuer of a token', () => {
  const claims = { audience: ['chat', 'chat-beta'], issuer: ['https://id.example'] };
  it.each([
    ['the right audience and issuer', { aud: 'chat', iss: 'https://id.example' }, true],
    ['another of the audiences', { aud: 'chat-beta', iss: 'https://id.example' }, true],
    ['the audience of another service', { aud: 'billing', iss: 'https://id.example' }, false],
    ['no audience', { iss: 'https://id.example' }, false],
    ['another issuer', { aud: 'chat', iss: 'https://evil.example' }, false],
    ['no issuer', { aud: 'chat' }, false],
  ])('a token with %s is accepted only if meant for this service (F123)', async (_what, token, isTaken) => {
    const answer = authenticateBySecret(secret, claims)(await signed(token));
    if (isTaken) expect(await answer).toMatchObject({ userId: 'alice' });
    else await expect(answer).rejects.toMatchObject({ code: 'auth/forbidden' });
    expect(await authenticateBySecret(secret)(await signed(token))).toMatchObject({ userId: 'alice' });
  });
});

describe('a key server', () => {
  let http: Server | undefined;
  afterEach(() => {
    http?.closeAllConnections();
    http?.close();
  });
  const listening = async (listener: RequestListener): Promise<URL> => {
    const server = createServer(listener);
    http = server;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  };
  const keyed = async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const token = (kid: string): Promise<string> =>
      new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).setSubject('alice').setExpirationTime('1m').sign(privateKey);
    return { token, jwks: JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }] }) };
  };

  it.each<[string, RequestListener]>([
    ['answers 500', (_request, response) => response.writeHead(500).end('oops')],
    ['answers with a page', (_request, response) => response.end('<p>maintenance')],
    ['answers without keys', (_request, response) => response.end('{}')],
    ['hangs up', (request) => request.socket.destroy()],
  ])('a token stays unchecked if its key server %s: the answer is "unavailable", never "forbidden" (F123)', async (_what, listener) => {
    const authenticate = authenticateByKeys(await listening(listener));
    await expect(authenticate(await (await keyed()).token('k1'))).rejects.toMatchObject({ code: 'auth/unavailable' });
  });

  it('a silent key server leaves the token unchecked after 5 s (F123)', { timeout: 20_000 }, async () => {
    const authenticate = authenticateByKeys(await listening(() => undefined));
    await expect(authenticate(await (await keyed()).token('k1'))).rejects.toMatchObject({ code: 'auth/unavailable' });
  });

  it('an answering key server decides: a token with a known key is accepted, and a token with an unknown key is forbidden (F123)', async () => {
    const { token, jwks } = await keyed();
    let isWell = false;
    const authenticate = authenticateByKeys(
      await listening((_request, response) => (isWell ? response.end(jwks) : response.writeHead(500).end())),
    );
    await expect(authenticate(await token('k1'))).rejects.toMatchObject({ code: 'auth/unavailable' });
    isWell = true;
    expect(await authenticate(await token('k1'))).toMatchObject({ userId: 'alice' });
    await expect(authenticate(await token('k2'))).rejects.toMatchObject({ code: 'auth/forbidden' });
    await expect(authenticate('no token')).rejects.toMatchObject({ code: 'auth/forbidden' });
  });
});
