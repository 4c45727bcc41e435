/** A tab that can be frozen without an event: calls to it wait, and come in order when it thaws. */
import type { Cancel, ClockPort, LinkHandlers, Ports } from '../../src/ports/ports.ts';

export class Freezing {
  #isFrozen = false;
  #waiting: (() => void)[] = [];

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    this.#isFrozen = false;
    for (const call of this.#waiting.splice(0)) this.#call(call);
  }

  #call(fn: () => void): void {
    if (this.#isFrozen) this.#waiting.push(fn);
    else fn();
  }

  #later<A extends unknown[]>(fn: (...args: A) => void): (...args: A) => void {
    return (...args) => this.#call(() => fn(...args));
  }

  /** A cancelled call is not made, even if it waits already. */
  #unlessOver(begin: (call: (fn: () => void) => () => void) => Cancel): Cancel {
    let isOver = false;
    const cancel = begin((fn) =>
      this.#later(() => {
        if (!isOver) fn();
      }),
    );
    return () => {
      isOver = true;
      cancel();
    };
  }

  async #after<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } finally {
      await new Promise<void>((resolve) => this.#call(resolve));
    }
  }

  /** The same ports, as this tab sees them. */
  ports(ports: Ports, clock: ClockPort = ports.clock): Ports {
    const { store, net, locks, bus, life, token } = ports;
    return {
      ...ports,
      clock: { ...clock, timer: (ms, fn) => this.#unlessOver((call) => clock.timer(ms, call(fn))) },
      store: { ...store, tx: (...args) => this.#after(store.tx(...args)) },
      net: {
        connect: (given) => {
          const handlers: LinkHandlers = {
            opened: this.#later(() => given.opened()),
            frame: this.#later((frame) => given.frame(frame)),
            malformed: this.#later((error) => given.malformed(error)),
            closed: this.#later((code, reason) => given.closed(code, reason)),
          };
          return net.connect(handlers);
        },
        request: (...args) => this.#after(net.request(...args)),
      },
      locks: {
        acquire: (name, { steal, onGranted, onLost, onMissing, onTaken }) =>
          this.#unlessOver((call) =>
            locks.acquire(name, {
              ...(steal === undefined ? {} : { steal }),
              onGranted: call(onGranted),
              onLost: call(onLost),
              onMissing: call(onMissing),
              ...(onTaken ? { onTaken: call(onTaken) } : {}),
            }),
          ),
      },
      bus: { ...bus, listen: (fn) => bus.listen(this.#later(fn)) },
      life: { listen: (fn) => life.listen(this.#later(fn)) },
      token: { getToken: () => this.#after(token.getToken()) },
    };
  }
}
