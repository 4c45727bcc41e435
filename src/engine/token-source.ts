/** The app's token, kept in memory only: asked for once, and again when it was refused or ends. */
import type { TokenPort } from '../ports/ports.ts';

export class TokenSource {
  private current: Promise<string> | null = null;

  constructor(private readonly port: TokenPort) {}

  get(): Promise<string> {
    this.current ??= this.port.getToken().catch((error: unknown) => {
      this.current = null;
      throw error;
    });
    return this.current;
  }

  /** The server refused it, or it ends soon. */
  forget(): void {
    this.current = null;
  }
}
