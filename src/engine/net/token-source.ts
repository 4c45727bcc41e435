/** The app's token, kept in memory only. The app is asked once, and again after the server refuses the token or before it expires. */
import type { TokenPort } from '../../ports/ports.ts';

export class TokenSource {
  private current: Promise<string> | null = null;
  /** Number of requests to the app. When the server refuses a token of an earlier request, a new token is worth an immediate try. */
  asked = 0;

  constructor(private readonly port: TokenPort) {}

  get(): Promise<string> {
    this.current ??= this.ask();
    return this.current;
  }

  private ask(): Promise<string> {
    this.asked++;
    return this.port.getToken().catch((error: unknown) => {
      this.current = null;
      throw error;
    });
  }

  /** The server refused the token, or the token expires soon: the next `get` asks the app. */
  forget(): void {
    this.current = null;
  }
}
