import { openPostgresStore } from '../../../src/server/postgres.ts';
import type { ReceiptServer } from '../../../src/server/receipt-server.ts';
import { createReceiptServer } from '../../../src/server/server.ts';
import { shown } from '../../bench/judge/table.ts';
import type { Measured, Row } from '../report/results.ts';
import { hello, messageTo, receiptFor } from '../rig/frames.ts';
import { type Amounts, FIRST_TENTH, fillHistory, OTHER_TENTHS, sizesOf, type TableSize, userOf } from '../rig/history.ts';
import { Verdict } from '../rig/judge.ts';
import { type Ground, Rig } from '../rig/rig.ts';
import { measured } from '../rig/measure.ts';
import { writesOf } from '../rig/write-log.ts';
import { type Statement, StatementLog } from '../rig/statement-log.ts';
import type { Scenario } from '../scenario.ts';

const WHOLE: Amounts = {
  users: 10_000,
  chats: 5,
  messagesInChat: 18,
  groups: 200,
  members: 50,
  messagesInGroup: 500,
  askingOneIn: 10,
  readers: 10,
};
const QUICK: Amounts = { ...WHOLE, users: 100, groups: 2 };

const HOTTEST = 3;
const WARM_UP = 10;
/** Of the pool of the rig. */
const CONNECTIONS = 2;

/** Frames of one user, answered by the server without a network. */
const ask = async (server: ReceiptServer, userId: string, frames: readonly object[]): Promise<string> =>
  JSON.stringify((await server.request(JSON.stringify([hello(userId), ...frames]))).body);

/** What devices do most: a message, a receipt for it, the feed of both. @returns the number of operations */
const talk = async (
  server: ReceiptServer,
  users: number,
  rounds: number,
  latest: Map<number, number>,
  verdict: Verdict,
): Promise<number> => {
  for (let n = 0; n < rounds; n++) {
    // Each tenth chat exists at both sizes.
    const from = (n * 10 + 9) % users;
    const [me, peer] = [userOf(from), userOf((from + 1) % users)];
    const sent = await ask(server, me, [{ type: 'submit', id: 1, entries: [messageTo(peer, 80)] }]);
    const seq = Number(/\\"seq\\":(\d+)/.exec(sent)?.[1] ?? NaN);
    verdict.expect('messages', me, seq, (latest.get(from) ?? WHOLE.messagesInChat) + 1);
    latest.set(from, seq);
    const read = await ask(server, peer, [
      { type: 'submit', id: 1, entries: [receiptFor(`direct:${me}`, seq)] },
      { type: 'pull', cursor: null },
    ]);
    verdict.expect('receipts', peer, read.includes('confirmed') && read.includes(`\\"readUpTo\\":${seq}`), true);
    const cursor = /\\"to\\":\\"([^"\\]+)/.exec(read)?.[1] ?? null;
    await ask(server, me, [{ type: 'pull', cursor }]);
  }
  return rounds * 2;
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const MIB = 1024 * 1024;
const bytesOf = ({ heap, indexes }: TableSize): number => heap + indexes.reduce((sum, { bytes }) => sum + bytes, 0);

const sizeTable = (sizes: readonly TableSize[]): string =>
  table(
    ['table', 'rows', 'MiB', 'bytes a row', 'of them in the row', 'in indexes', 'indexes'],
    sizes.map((size) => [
      size.name,
      size.rows.toLocaleString('en'),
      (bytesOf(size) / MIB).toFixed(1),
      (bytesOf(size) / size.rows).toFixed(0),
      (size.heap / size.rows).toFixed(0),
      ((bytesOf(size) - size.heap) / size.rows).toFixed(0),
      size.indexes.map(({ name, bytes }) => `${name} ${(bytes / size.rows).toFixed(0)}`).join(', '),
    ]),
  );

const shortened = (text: string): string => {
  const line = text.trim().replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
  return line.length <= 110 ? line : `${line.slice(0, 80)} … ${line.slice(-25)}`;
};

const statementTable = (hottest: readonly Statement[], before: readonly Statement[]): string =>
  table(
    ['statement', 'times', 'ms each', 'ms each at a tenth of the data', 'part of the time'],
    hottest.slice(0, 8).map(({ text, times, ms }) => {
      const small = before.find((one) => one.text === text);
      const all = hottest.reduce((sum, one) => sum + one.ms, 0);
      return [
        `\`${shortened(text)}\``,
        String(times),
        shown(ms / times),
        small ? shown(small.ms / small.times) : '',
        `${((ms * 100) / all).toFixed(0)} %`,
      ];
    }),
  );

const measuring = async (ground: Ground, isQuick: boolean): Promise<Measured> => {
  const amounts = isQuick ? QUICK : WHOLE;
  const rounds = isQuick ? 10 : 200;
  const rig = await Rig.start(ground, { nodes: 0 });
  const log = new StatementLog(rig.pool!);
  const server = createReceiptServer({
    store: await openPostgresStore({ pool: log.pool }),
    authenticate: async (token) => ({ userId: token }),
    policy: { receipts: { groups: true } },
  });
  const latest = new Map<number, number>();
  const rows: Row[] = [];
  const at = async (what: string): Promise<Statement[]> => {
    await talk(server, amounts.users, WARM_UP, latest, new Verdict());
    log.clear();
    rows.push(
      await measured(rig, async () => {
        const verdict = new Verdict();
        const count = await talk(server, amounts.users, rounds, latest, verdict);
        return { what, count, failures: verdict.failures, judged: `${rounds} messages and receipts` };
      }),
    );
    return log.hottest.map((one) => ({ ...one }));
  };
  try {
    await fillHistory(rig.pool!, amounts, FIRST_TENTH);
    const small = await at('one user at a time, a tenth of the data');
    await fillHistory(rig.pool!, amounts, OTHER_TENTHS);
    const sizes = await sizesOf(rig.pool!);
    const { result: large, note: writes } = await writesOf(rig.pool!, CONNECTIONS, 'One message with its receipt', async () => ({
      result: await at('one user at a time, all of the data'),
      count: rounds + WARM_UP,
    }));
    const plans = [];
    for (const statement of large.slice(0, HOTTEST)) plans.push(`\`\`\`text\n${await log.explain(statement)}\n\`\`\``);
    const history = Array.from({ length: isQuick ? 5 : 50 }, (_, c) => ({
      between: [`import-a${c}`, `import-b${c}`] as const,
      messages: Array.from({ length: 200 }, (_, n) => ({
        id: `import-${c}-${n}`,
        from: n % 2 === 0 ? `import-a${c}` : `import-b${c}`,
        body: 'a message from before',
        sentAt: 1_700_000_000_000 + n,
      })),
    }));
    rows.push(
      await measured(rig, async () => {
        const { stored } = await server.importMessages(history);
        const verdict = new Verdict();
        verdict.expect('imported', 'messages', stored, history.length * 200);
        return { what: 'importMessages', count: stored, failures: verdict.failures, judged: `${stored} messages` };
      }),
    );
    return {
      rows,
      notes: [
        sizeTable(sizes),
        writes,
        'The statements of messages, receipts and pulls, one user at a time, by their time in all:',
        statementTable(large, small),
        `What the database does for the first ${HOTTEST} of them, with all of the data:`,
        ...plans,
      ],
      plot: {
        kind: 'bars',
        title: 'Bytes a row, with all indexes',
        note: `${sizes.map(({ name, rows: count }) => `${count.toLocaleString('en')} × ${name}`).join(', ')}.`,
        unit: 'bytes',
        bars: sizes.map((size) => ({
          name: size.name,
          value: bytesOf(size) / size.rows,
          note: `${(bytesOf(size) / MIB).toFixed(0)} MiB, ${((100 * (bytesOf(size) - size.heap)) / bytesOf(size)).toFixed(0)} % of it indexes`,
        })),
      },
    };
  } finally {
    await server.close();
    await rig.stop();
  }
};

export const sizes: Scenario = {
  id: 'sizes',
  title: 'A million messages in the tables',
  about:
    '10,000 users with 50,000 direct chats of 18 messages and 200 groups of 50 with 500 messages; 100,000 receipts of group messages. ' +
    'Bodies have 40 to 200 characters, ids of users 13, ids of messages 36. The server runs in the process of the clients.',
  run: measuring,
};
