/** The app's token, until the server says that it is over: then the token that `renewToken` brings. */
export class AppToken {
  private isOver = false;
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

  renew(token: string): void {
    this.token = token;
    this.isOver = false;
    for (const resolve of this.waiting) resolve(token);
    this.waiting.clear();
  }
}
