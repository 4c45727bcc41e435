/** The tables of the comparison, in Markdown. */
import { PER_CONVERSATION } from './page/contestant.ts';
import { CONVERSATIONS, type Outcome, type Scenario, SCENARIOS } from './scenarios.ts';

/** The packages of the contestants. */
export const SDKS = {
  'easemob-websdk': 'easemob-websdk',
  'stream-chat': 'stream-chat',
  'matrix-js-sdk': 'matrix-js-sdk',
  amity: '@amityco/ts-sdk',
} as const;

export const QUEUES = [
  { name: 'own-outbox', says: '`tidemark/outbox`' },
  { name: 'workbox', says: '`workbox-background-sync`' },
  { name: 'rxdb', says: 'RxDB, push replication' },
  { name: 'tanstack', says: '`@tanstack/offline-transactions`' },
] as const;

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |\n`;

const head = (cells: readonly string[]): string => row(cells) + row(cells.map(() => '---'));

const receipts = CONVERSATIONS * PER_CONVERSATION;

export const queueTable = (of: (name: string) => Outcome | undefined): string => {
  const rows = QUEUES.map(({ name, says }) => {
    const found = of(name);
    return row([says, found?.requests ?? '–', found ? `${found.receipts} of ${receipts}` : '–']);
  });
  return head(['in front of an endpoint of the app', 'requests after the restart', 'receipts at the server']) + rows.join('');
};

export const sdkTable = (of: (contestant: string, scenario: Scenario) => Outcome | undefined): string => {
  const cell = (found: Outcome | undefined): string => (found ? `${found.right} (${found.requests})` : '–');
  const rows = (Object.keys(SCENARIOS) as Scenario[]).map((scenario) =>
    row([scenario, ...Object.keys(SDKS).flatMap((sdk) => [cell(of(sdk, scenario)), cell(of(`${sdk}-outbox`, scenario))])]),
  );
  const columns = Object.values(SDKS).flatMap((sdk) => [`\`${sdk}\` alone`, 'behind the outbox']);
  return head([`right read positions of ${CONVERSATIONS} (requests)`, ...columns]) + rows.join('');
};
