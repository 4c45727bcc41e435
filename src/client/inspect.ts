/** Puts together what the inspector shows. A module of its own, loaded by the first `inspect()`: no other call needs it. */
import { firstValueFrom, type Observable } from 'rxjs';
import type { InspectedAccount, Inspection, LogLine } from '../model/api/inspection.ts';
import type { ConnectionStatus } from '../model/api/status.ts';
import type { OpenAccount } from './open-account.ts';

/** A worker that gives no answer in this time counts as missing. */
const ANSWER_MS = 2000;

const soon = <T>(promise: Promise<T>): Promise<T | null> =>
  Promise.race([promise, new Promise<null>((resolve) => setTimeout(resolve, ANSWER_MS, null))]);

/** Each tab of the account holds the leader lock or waits for it. */
const countTabs = async (lockName: string): Promise<number | null> => {
  try {
    const { held = [], pending = [] } = await navigator.locks.query();
    return [...held, ...pending].filter(({ name }) => name === lockName).length || null;
  } catch {
    return null;
  }
};

/** The client is closed, or has no browser: there is nothing to inspect. The page's classes are not loaded again for this. */
const isUsage = (error: unknown): error is Error => String((error as { code?: unknown }).code).startsWith('usage/');

/** @param asked the question to the worker, which the page has put already: questions keep their order. */
export const inspection = async (
  { name, logged }: Pick<OpenAccount, 'name' | 'logged'>,
  asked: Promise<PromiseSettledResult<readonly [InspectedAccount, readonly LogLine[]]>[]>,
  status$: Observable<ConnectionStatus>,
  version: string,
): Promise<Inspection> => {
  const status = soon(firstValueFrom(status$, { defaultValue: null }));
  const answer = (await soon(asked))?.[0];
  if (answer?.status === 'rejected' && isUsage(answer.reason)) throw answer.reason;
  const [connection, tabs] = await Promise.all([status, countTabs(name)]);
  const [account, log] = answer?.status === 'fulfilled' ? answer.value : [null, []];
  const retryAt = connection?.retryAt ?? null;
  return {
    at: Date.now(),
    version,
    database: name,
    connection,
    tabs,
    account: account && { ...account, outbox: account.outbox.map((entry) => ({ ...entry, nextTryAt: entry.nextTryAt ?? retryAt })) },
    // The page has its own records and the warnings of the worker, which outlive a dead worker.
    log: [...logged, ...log].sort((a, b) => a.at - b.at),
  };
};
