/** The app's token, until the server refuses the token; then the app's next token. */
import type { ConnectionStatus } from '../index.ts';

export interface AppToken {
  readonly get: () => string | Promise<string>;
  /** @returns false if the token was over before. */
  readonly end: () => boolean;
  /**
   * The client keeps an error in its status until the next connection is live, so one refusal comes with several statuses. The wait
   * after a refusal tells a refusal from the next; a status has a `retryAt` only while the client waits.
   *
   * @returns whether this status is the first to tell this refusal.
   */
  readonly isRefused: (status: Pick<ConnectionStatus, 'state' | 'error' | 'retryAt'>) => boolean;
  readonly renew: (token: string) => void;
}

export const createAppToken = (first: string): AppToken => {
  let token: string | Promise<string> = first;
  /** Resolves the promise of the next token; null while the token is good. */
  let resolveNext: ((token: string) => void) | null = null;
  let refusedUntil: number | null = null;

  return {
    get: () => token,
    end: () => {
      if (resolveNext) return false;
      token = new Promise((resolve) => (resolveNext = resolve));
      return true;
    },
    isRefused: ({ error, retryAt }) => {
      if (error?.code !== 'auth/expired' || retryAt === null || retryAt === refusedUntil) return false;
      refusedUntil = retryAt;
      return true;
    },
    renew: (next) => {
      token = next;
      resolveNext?.(next);
      resolveNext = null;
    },
  };
};
