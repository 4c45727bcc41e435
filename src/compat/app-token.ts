/** The app's token, until the server refuses the token; then the app's next token. */
import type { ConnectionStatus } from '../index.ts';

export class AppToken {
  private isOver = false;
  private refusedUntil: number | null = null;
  private readonly waiting = new Set<(token: string) => void>();

  constructor(private token: string) {}

  get(): string | Promise<string> {
    return this.isOver ? new Promise((resolve) => this.waiting.add(resolve)) : this.token;
  }

  /** @returns false if the token was over before. */
  end(): boolean {
    const wasOver = this.isOver;
    this.isOver = true;
    return !wasOver;
  }

  /**
   * The client keeps an error in its status until the next connection is live, so one refusal comes with several statuses. The wait
   * after a refusal tells a refusal from the next.
   *
   * @returns whether this status is the first to tell this refusal.
   */
  isRefused({ state, error, retryAt }: Pick<ConnectionStatus, 'state' | 'error' | 'retryAt'>): boolean {
    if (state !== 'offline' || error?.code !== 'auth/expired' || retryAt === null || retryAt === this.refusedUntil) return false;
    this.refusedUntil = retryAt;
    return true;
  }

  renew(token: string): void {
    this.token = token;
    this.isOver = false;
    for (const resolve of this.waiting) resolve(token);
    this.waiting.clear();
  }
}
