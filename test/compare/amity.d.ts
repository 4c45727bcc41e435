/** The few names of Amity's SDK in these tests: its own types change the globals of every file. `tsconfig.json` names this file. */
export interface Message {
  readonly messageId: string;
  markRead(): void;
}

export declare const Client: {
  createClient(
    key: string,
    region: string,
    options: { readonly apiEndpoint: { readonly http: string }; readonly rteEnabled: boolean },
  ): { readonly http: { put(path: string, body: object): Promise<unknown> } };
  enableUnreadCount(): boolean;
  login(user: { readonly userId: string }, session: object, options: { readonly disableRTE: boolean }): Promise<boolean>;
};

export declare const MessageRepository: {
  getMessages(
    query: { readonly subChannelId: string; readonly limit: number },
    listener: (page: { readonly data: readonly Message[] }) => void,
  ): () => void;
};
