/** The part of React that the package and its tests use; React brings no types. */
declare module 'react' {
  export type ReactNode = ReactElement | string | number | boolean | null | undefined | Iterable<ReactNode>;
  export interface ReactElement {
    readonly type: unknown;
    readonly props: unknown;
    readonly key: string | null;
  }
  export type FunctionComponent<P> = (props: P) => ReactNode;
  export interface Context<T> {
    readonly Provider: FunctionComponent<{ readonly value: T; readonly children?: ReactNode }>;
  }
  export const StrictMode: FunctionComponent<{ readonly children?: ReactNode }>;
  export const createContext: <T>(value: T) => Context<T>;
  export const createElement: <P extends object>(
    type: FunctionComponent<P> | string,
    props: (P & { readonly key?: string }) | null,
    ...children: ReactNode[]
  ) => ReactElement;
  export const useContext: <T>(context: Context<T>) => T;
  export const useEffect: (effect: () => (() => void) | undefined, dependencies?: readonly unknown[]) => void;
  export const useRef: <T>(first: T) => { current: T };
  export const useState: <T>(first: T) => [T, (next: T) => void];
  export const useSyncExternalStore: <T>(subscribe: (changed: () => void) => () => void, read: () => T, readOnServer?: () => T) => T;
}

declare module 'react-dom/client' {
  import type { ReactNode } from 'react';
  export interface Root {
    render(node: ReactNode): void;
    unmount(): void;
  }
  export const createRoot: (container: Element, options?: { readonly onUncaughtError?: (error: unknown) => void }) => Root;
  export const hydrateRoot: (
    container: Element,
    node: ReactNode,
    options?: { readonly onRecoverableError?: (error: unknown) => void },
  ) => Root;
}

declare module 'preact/compat' {
  export * from 'react';
}

declare module 'preact/compat/client' {
  export { createRoot } from 'react-dom/client';
}

/** See hooks-on-preact.ts. */
declare module '*?preact' {
  export * from 'tidemark/react';
}

declare module 'react-dom/server' {
  import type { ReactNode } from 'react';
  export const renderToString: (node: ReactNode) => string;
}
