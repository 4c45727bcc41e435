/** The doors that `tidemark serve --dev` opens for this demo: tokens, and a switch that cuts the receipt server for everybody. */
import type { UserId } from 'tidemark';

export type ServerState = 'answers' | 'cut' | 'unreachable';

const fieldOf = (body: unknown, name: string): unknown => (typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined);

const postJson = (path: string, body: object): Promise<Response> =>
  fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

export const fetchToken = async (userId: UserId): Promise<string> => {
  const response = await postJson('/dev/token', { userId });
  const token = response.ok ? fieldOf(await response.json(), 'token') : undefined;
  if (typeof token !== 'string') throw new Error(`/dev/token answered ${response.status} without a token; is this "tidemark serve --dev"?`);
  return token;
};

const stateFrom = async (request: Promise<Response>): Promise<ServerState> => {
  try {
    const response = await request;
    if (!response.ok) return 'unreachable';
    return fieldOf(await response.json(), 'cut') === true ? 'cut' : 'answers';
  } catch {
    return 'unreachable';
  }
};

export const askServer = (): Promise<ServerState> => stateFrom(fetch('/dev/cut', { cache: 'no-store' }));

/** Drops every receipt connection and refuses new ones; this page's files are still served. */
export const cutServer = (cut: boolean): Promise<ServerState> => stateFrom(postJson('/dev/cut', { cut }));
