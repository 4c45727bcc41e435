/** The metrics of a server. METRICS.md lists them; a test compares both. No label ever holds an id of a user, a conversation or a message. */

interface Metric {
  /** A `gauge` goes up and down. A `histogram` is of durations in seconds. */
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly help: string;
}

export const METRICS = {
  tidemark_connections: {
    kind: 'gauge',
    labels: ['door'],
    help: 'Open WebSockets that have named their account, and HTTP requests in flight that have',
  },
  tidemark_connections_closed_total: {
    kind: 'counter',
    labels: ['code'],
    help: 'Closed WebSockets, by the close code of the server, or "client" if the client or the network ended it',
  },
  tidemark_frames_received_total: { kind: 'counter', labels: ['type'], help: 'Frames received from clients' },
  tidemark_frames_sent_total: { kind: 'counter', labels: ['type'], help: 'Frames sent to clients' },
  tidemark_entries_total: {
    kind: 'counter',
    labels: ['outcome', 'code'],
    help: 'Submitted entries, by outcome; a rejected entry has a code',
  },
  tidemark_messages_ended_total: {
    kind: 'counter',
    labels: [],
    help: 'Messages that the server deleted because `policy.retention` had ended',
  },
  tidemark_refusals_total: {
    kind: 'counter',
    labels: ['code'],
    help: 'Refused frames, requests, connections and ids, by the code of the refusal',
  },
  tidemark_feed_lag_seconds: {
    kind: 'histogram',
    labels: [],
    help: 'Time from a hint of changes at a connection until the changes are sent',
  },
  tidemark_feed_held_total: {
    kind: 'counter',
    labels: [],
    help: 'Reads of the feed that a running transaction held back; the connection reads again',
  },
  tidemark_hint_lag_seconds: {
    kind: 'histogram',
    labels: [],
    help: 'Time of a hint from this server through the bus and back',
  },
  tidemark_store_seconds: { kind: 'histogram', labels: ['transaction'], help: 'Duration of a transaction of the store' },
  tidemark_store_failures_total: { kind: 'counter', labels: ['transaction'], help: 'Transactions of the store that failed' },
} as const satisfies Readonly<Record<string, Metric>>;

/** The name of a metric; METRICS.md describes each. */
export type MetricName = keyof typeof METRICS;

/** Upper bounds of the buckets of a histogram, seconds. */
export const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;
