/** The app's token, kept in memory only: asked for once, and again when it was refused or ends. */
import type { TokenPort } from '../../ports/ports.ts';

export class TokenSource {
  private current: Promise<string> | null = null;
  /** How often the app was asked: a token of an older asking is worth replacing at once when it is refused. */
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

  /** The server refused it, or it ends soon. */
  forget(): void {
    this.current = null;
  }
}
