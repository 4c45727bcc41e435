/** The hooks as an app with Preact gets them, by the plugin of hooks-on-preact.ts. */
declare module '*?preact' {
  export * from 'tidemark/react';
}
