/** The app's sets of handlers by their ids, as both Easemob systems have them. */
import { callHandler } from './call-handler.ts';

type Handler = (...args: never[]) => void;

/** `E` is the vendor's interface of handlers. */
export class HandlersById<E> {
  /** An app may forget the handlers. */
  private readonly byId = new Map<string, E | undefined>();

  add(id: string, handlers: E): void {
    this.byId.set(id, handlers);
  }

  remove(id: string): void {
    this.byId.delete(id);
  }

  /** Calls the handler of this name in every set. */
  call<N extends keyof E>(name: N, ...args: Parameters<Extract<E[N], Handler>>): void {
    for (const handlers of [...this.byId.values()])
      callHandler(() => (handlers ? (handlers as Partial<Record<N, (...args: unknown[]) => void>>)[name]?.(...args) : undefined));
  }
}
