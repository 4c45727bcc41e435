/** As much of the vendors' HTTP as their SDKs call around receipts: Stream, Matrix, Amity, and a plain endpoint for the queues. */

/** Receipts that reached a server. */
export interface Told {
  readonly conversation: string;
  readonly messages: readonly string[];
}

type Body = Record<string, unknown>;

/** The requests with receipts, and their receipts. */
export const RECEIPTS: readonly (readonly [RegExp, (path: readonly string[], body: Body) => readonly Told[]])[] = [
  [
    /^\/channels\/messaging\/([^/]+)\/read$/,
    ([conversation], body) => [{ conversation: conversation!, messages: [String(body['message_id'])] }],
  ],
  [
    /^\/_matrix\/client\/v3\/rooms\/([^/]+)\/read_markers$/,
    ([conversation], body) => [{ conversation: conversation!, messages: [String(body['m.read'] ?? body['m.read.private'])] }],
  ],
  [
    /^\/api\/v1\/markers\/message-feeds\/([^/]+)\/mark-read$/,
    ([conversation], body) => [{ conversation: conversation!, messages: [`m${Number(body['readToSegment']) - 1}`] }],
  ],
  [/^\/receipts$/, (_, body) => body['receipts'] as readonly Told[]],
];

/** The answer to refused receipts, in the words of each vendor. */
export const refusal = (status: number): object => ({
  errcode: 'M_FORBIDDEN',
  error: 'no',
  message: 'no',
  status: 'error',
  code: status === 403 ? 400_300 : 500_000,
});

const streamChannel = (id: string): object => {
  const channel = { id, type: 'messaging', cid: `messaging:${id}`, config: { read_events: true }, own_capabilities: ['read-events'] };
  return { channel, messages: [], members: [], read: [], watchers: [], pinned_messages: [], duration: '1ms' };
};

const AN_HOUR_MS = 3_600_000;

const amitySession = (userId: unknown): object => ({
  accessToken: 'token',
  issuedAt: new Date().toISOString(),
  expiresAt: new Date(Date.now() + AN_HOUR_MS).toISOString(),
  users: [{ _id: userId, userId, isDeleted: false, isGlobalBanned: false }],
});

/** 25 messages of a conversation, for the app to read. */
const amityMessages = (conversation: string): object => {
  const at = new Date().toISOString();
  const messages = Array.from({ length: 25 }, (_, m) => ({
    messageId: `${conversation}/m${m}`,
    messageFeedId: conversation,
    channelId: conversation,
    channelPublicId: conversation,
    creatorId: 'bob',
    creatorPublicId: 'bob',
    segment: m + 1,
    dataType: 'text',
    data: { text: 'hello' },
    isDeleted: false,
    createdAt: at,
    updatedAt: at,
  }));
  return { messages, users: [], files: [], reactions: [], messageFeeds: [], paging: {} };
};

/** The answers to the SDKs' other calls. @param wait the time of a long poll. */
export const otherAnswer = (url: URL, body: Body, wait: () => Promise<void>): object | Promise<object> => {
  const path = decodeURIComponent(url.pathname);
  const [, channel] = /^\/channels\/messaging\/([^/]+)\/query$/.exec(path) ?? [];
  if (channel !== undefined) return streamChannel(channel);
  if (path.endsWith('/versions')) return { versions: ['v1.4', 'v1.11'], unstable_features: {} };
  if (path.endsWith('/pushrules/')) return { global: {} };
  if (path.endsWith('/filter')) return { filter_id: '1' };
  if (path.endsWith('/sync')) return wait().then(() => ({ next_batch: String(Date.now()), rooms: {} }));
  if (path === '/api/v5/sessions') return amitySession(body['userId']);
  if (path === '/api/v3/network-settings/chat') return { messagePreview: { enabled: false } };
  if (path === '/api/v5/messages') return amityMessages(url.searchParams.get('messageFeedId')!);
  return {};
};
