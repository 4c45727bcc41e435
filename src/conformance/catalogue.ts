/** All checks, in the order in which a server is best written: each section stands on the ones before. */
import type { Check } from './check.ts';
import { ALWAYS } from './checks/always.ts';
import { FEED } from './checks/feed.ts';
import { FETCHING } from './checks/fetching.ts';
import { FLAGS, SETTINGS } from './checks/flags.ts';
import { GROUPS } from './checks/groups.ts';
import { HTTP } from './checks/http.ts';
import { MESSAGES } from './checks/messages.ts';
import { OPENING } from './checks/opening.ts';
import { GROUP_RECEIPTS, POLICY } from './checks/policy.ts';
import { POSITIONS } from './checks/positions.ts';
import { RECEIPTS } from './checks/receipts.ts';
import { HEARTBEAT, TRANSPORTS } from './checks/transports.ts';
import { VALUES } from './checks/values.ts';

/** All checks, in the order in which they run. */
export const CHECKS: readonly Check[] = [
  ...OPENING,
  ...HEARTBEAT,
  ...FEED.filter(({ id }) => id === 'feed.empty'),
  ...MESSAGES,
  ...VALUES,
  ...FEED.filter(({ id }) => id !== 'feed.empty'),
  ...POSITIONS,
  ...RECEIPTS,
  ...FETCHING,
  ...TRANSPORTS,
  ...HTTP,
  ...FLAGS,
  ...SETTINGS,
  ...GROUPS,
  ...GROUP_RECEIPTS,
  ...POLICY,
  ...ALWAYS,
];
