/** Options of a log-out. */
export interface LogOut {
  /** `send`: log out once nothing is pending. `discard`: log out now, online or offline; pending entries end `cancelled`. */
  readonly pending: 'send' | 'discard';
  /** How long `send` waits for pending entries, ms. */
  readonly timeoutMs: number;
  /** Keep the stored data. Nothing is sent until the app creates a client again. */
  readonly keepData: boolean;
}
