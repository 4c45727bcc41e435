/** How an account leaves this device. */
export interface LogOut {
  /** `send`: only once nothing is owed any more. `discard`: now, online or off; what is owed ends `cancelled`. */
  readonly pending: 'send' | 'discard';
  /** How long `send` waits. */
  readonly timeoutMs: number;
  /** What is stored stays; nothing is sent until a client is created again. */
  readonly keepData: boolean;
}
