/**
 * The endpoints of `tidemark serve --dev`: tokens, a switch that cuts the receipt server off, members of
 * groups, and rules for groups.
 */
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

/** Closes all receipt connections and refuses new ones. The server still serves the files of this page. */
export const cutServer = (cut: boolean): Promise<ServerState> => stateFrom(postJson('/dev/cut', { cut }));

/** The server's rules for groups. */
export interface GroupRules {
  /** Whether a message may ask for receipts. */
  readonly groups: boolean;
  /** The members who see the counts: the sender, or all. */
  readonly visibleTo: 'sender' | 'members';
}

const answered = async (path: string, request: Promise<Response>): Promise<unknown> => {
  const response = await request.catch(() => {
    throw new Error('The server does not answer.');
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
};

export const makeGroup = async (groupId: string, members: readonly UserId[]): Promise<void> => {
  await answered('/dev/group', postJson('/dev/group', { groupId, members: members.map((userId) => ({ userId })) }));
};

/** Adds a member to the group, or removes the member if `comes` is false. */
export const setMember = async (groupId: string, userId: UserId, comes: boolean): Promise<void> => {
  await answered('/dev/member', postJson('/dev/member', { groupId, userId, role: comes ? 'member' : null }));
};

/** Changes the named rules. @returns all rules in force. */
export const setRules = async (rules: Partial<GroupRules>): Promise<GroupRules> => {
  const policy = await answered('/dev/policy', postJson('/dev/policy', { receipts: rules }));
  const receipts = fieldOf(policy, 'receipts');
  return { groups: fieldOf(receipts, 'groups') === true, visibleTo: fieldOf(receipts, 'visibleTo') === 'members' ? 'members' : 'sender' };
};
