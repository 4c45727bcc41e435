/** Where a facade finds the receipt server: the only argument beyond a vendor's API. */

export interface ServerAccess {
  /** Address of the receipt server: `wss://…`, or `ws://…` on this machine. Without token or query. */
  readonly url: string;
  /**
   * Returns a token of the user. The client calls it when a connection opens and before a token expires. Default: the
   * token of the vendor's log-in call.
   */
  readonly getToken?: (userId: string) => string | Promise<string>;
  /** Returns a new worker at every call, for pages whose policy forbids the default start. Default: the worker of the package. */
  readonly worker?: () => Worker;
}

const NAMES = ['url', 'getToken', 'worker'];

/** @throws {TypeError} if an app that has changed its import only gives no address, and for an option with an unknown name. */
export const requireAccess = (access: ServerAccess | undefined): ServerAccess => {
  if (access?.url === undefined) throw new TypeError('No receipt server: give { url } as the last argument.');
  for (const name of Object.keys(access))
    if (!NAMES.includes(name)) throw new TypeError(`Unknown option ${name}: known are ${NAMES.join(', ')}.`);
  return access;
};
