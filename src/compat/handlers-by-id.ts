/** The app's sets of handlers by their ids, as both Easemob systems have them. */
import { callHandler } from './call-handler.ts';

type Handler = (...args: never[]) => void;

/** `E` is the vendor's interface of handlers. */
export class HandlersById<E> {
  private readonly byId = new Map<string, E>();

  add(id: string, handlers: E): void {
    this.byId.set(id, handlers);
  }

  remove(id: string): void {
    this.byId.delete(id);
  }

  /** Calls the handler of this name in every set. */
  call<N extends keyof E>(name: N, ...args: Parameters<Extract<E[N], Handler>>): void {
    for (const handlers of [...this.byId.values()])
      callHandler(() => (handlers as Record<N, ((...args: unknown[]) => void) | undefined>)[name]?.(...args));
  }
}
