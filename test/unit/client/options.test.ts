import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkOptions } from '../../../src/client/options.ts';
import type { ReceiptClientOptions } from '../../../src/client/receipt-client-options.ts';
import { UsageError } from '../../../src/errors.ts';

const given = (retention: unknown): ReceiptClientOptions =>
  ({ url: 'wss://chat.example/receipts', userId: 'alice', getToken: () => 'token', retention }) as ReceiptClientOptions;

describe('the option appBadge', () => {
  const withBadge = (appBadge: unknown) => ({ ...given(undefined), appBadge }) as ReceiptClientOptions;

  it.each([[undefined], [true], [false], [{ counts: 'mentions' }], [{ counts: 'messages' }]])('appBadge accepts %j', (appBadge) => {
    expect(() => checkOptions(withBadge(appBadge))).not.toThrow();
  });

  it.each([['yes'], [1], [null]])('appBadge refuses %j by name', (appBadge) => {
    expect(() => checkOptions(withBadge(appBadge))).toThrow('appBadge must be true, false or { counts }');
  });

  it.each([
    [{ counts: 'people' }, "appBadge.counts must be 'messages' or 'mentions' or 'conversations'; got \"people\""],
    [{}, 'appBadge.counts must be'],
    [{ count: 'mentions' }, 'appBadge: unknown option "count"; did you mean "counts"?'],
    [[], 'appBadge: options must be an object'],
  ])('appBadge refuses %j', (appBadge, said) => {
    expect(() => checkOptions(withBadge(appBadge))).toThrow(said);
  });
});

describe('the option url', () => {
  it.each<[unknown, string]>([
    ['chat.example', 'got a text without scheme or host'],
    ['https://chat.example/', 'got https:'],
    [new URL('wss://chat.example/'), 'got object'],
    [undefined, 'got undefined'],
    ['wss://chat.example/?token=t', 'url must carry no query'],
    ['wss://alice:secret@chat.example/', 'url must carry no query, fragment or credentials'],
  ])('url refuses %s, and repeats no part that may be secret', (url, said) => {
    const check = (): void => checkOptions({ ...given(undefined), url } as ReceiptClientOptions);
    expect(check).toThrow(said);
    expect(check).not.toThrow(/secret|token=/);
  });
});

describe('the option encryption', () => {
  const withEncryption = (encryption: unknown) => ({ ...given(undefined), encryption }) as ReceiptClientOptions;
  afterEach(() => vi.unstubAllGlobals());

  it('encryption is refused in a page without WebCrypto, with the way out, and nowhere else', () => {
    expect(() => checkOptions(withEncryption(true))).not.toThrow();
    vi.stubGlobal('document', {});
    expect(() => checkOptions(withEncryption(true))).not.toThrow();
    vi.stubGlobal('crypto', { getRandomValues: () => undefined });
    expect(() => checkOptions(withEncryption(true))).toThrow('serve the page over https: or from localhost');
    expect(() => checkOptions(withEncryption(false))).not.toThrow();
  });

  it('encryption refuses another type by name', () => {
    expect(() => checkOptions(withEncryption('yes'))).toThrow('encryption must be true or false; got "yes"');
  });
});

describe('the option retention', () => {
  it.each([[undefined], [{}], [{ messagesPerConversation: 1 }], [{ days: 0.5 }], [{ messagesPerConversation: 500, days: 30 }]])(
    'retention accepts %j',
    (retention) => {
      expect(() => checkOptions(given(retention))).not.toThrow();
    },
  );

  it.each([
    ['null', null, 'retention'],
    ['a number', 30, 'retention'],
    ['no messages', { messagesPerConversation: 0 }, 'retention.messagesPerConversation'],
    ['half a message', { messagesPerConversation: 1.5 }, 'retention.messagesPerConversation'],
    ['negative days', { days: -1 }, 'retention.days'],
    ['NaN', { days: Number.NaN }, 'retention.days'],
    ['text', { days: '30' }, 'retention.days'],
    ['a misspelt name', { maxDays: 30 }, 'maxDays'],
  ])('retention refuses %s by name', (_what, retention, named) => {
    expect(() => checkOptions(given(retention))).toThrow(UsageError);
    expect(() => checkOptions(given(retention))).toThrow(named);
  });
});
