/** The part of the package `web-push` that a guide shows. The package is not installed: a test of the guide gives a stand-in. */
declare module 'web-push' {
  const webpush: {
    setVapidDetails(subject: string, publicKey: string | undefined, privateKey: string | undefined): void;
    sendNotification(
      subscription: unknown,
      payload: string,
      options: { readonly TTL: number; readonly urgency: 'high' | 'normal' },
    ): Promise<unknown>;
  };
  export default webpush;
}
