import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import {
  BadFrame,
  decodeClientFrame,
  decodeClientFrames,
  decodePush,
  decodeServerFrame,
  depthOf,
  encodeFrame,
} from '../../../src/protocol/codec.ts';
import { MAX_PUSH_BYTES } from '../../../src/protocol/limits.ts';
import type { PushFrame } from '../../../src/protocol/push.ts';

const thrown = (read: () => unknown): unknown => {
  try {
    return void read();
  } catch (error) {
    return error;
  }
};

describe('decoding frames', () => {
  it('decoding a frame returns the encoded frame', () => {
    const frame = { type: 'pull', cursor: 'x.1' } as const;
    expect(decodeClientFrame(encodeFrame(frame))).toEqual(frame);
  });

  it.each([
    ['not JSON', '{"type":'],
    ['no object', '17'],
    ['null', 'null'],
    ['an unknown type (F105)', '{"type":"shout"}'],
    ['a frame of the other direction', '{"type":"pong"}'],
    ['an unknown key', '{"type":"ping","at":1}'],
    ['an inherited key (F103)', '{"type":"ping","constructor":1}'],
    ['a prototype (F103)', '{"type":"ping","__proto__":{"isAdmin":true}}'],
    ['a prototype further in (F103)', '{"type":"submit","id":1,"entries":[{"key":"k","__proto__":{}}]}'],
    ['an infinite number (F104)', '{"type":"fetch","id":1e309,"wants":[]}'],
    ['a number that no double represents (F104)', '{"type":"submit","id":9007199254740993,"entries":[{"key":"k"}]}'],
    ['a request id of 0', '{"type":"submit","id":0,"entries":[{"key":"k"}]}'],
    ['a control character in an id (F104)', '{"type":"submit","id":1,"entries":[{"key":"a\\u0000"}]}'],
    ['half a surrogate pair in an id (F104)', '{"type":"submit","id":1,"entries":[{"key":"\\ud800"}]}'],
    ['an id over 128 bytes', `{"type":"submit","id":1,"entries":[{"key":"${'é'.repeat(65)}"}]}`],
    ['no entries', '{"type":"submit","id":1,"entries":[]}'],
    ['501 entries (F102)', JSON.stringify({ type: 'submit', id: 1, entries: Array.from({ length: 501 }, (_, i) => ({ key: `k${i}` })) })],
    ['ranges that touch', '{"type":"fetch","id":1,"wants":[{"conversationId":"direct:b","seqs":[[1,2],[3,4]],"limit":1}]}'],
    ['ranges out of order', '{"type":"fetch","id":1,"wants":[{"conversationId":"direct:b","seqs":[[5,6],[1,2]],"limit":1}]}'],
  ])('the codec refuses %s', (_what, text) => {
    expect(thrown(() => decodeClientFrame(text))).toBeInstanceOf(ProtocolError);
  });

  it('the codec refuses deep nesting before parsing, and does not count brackets inside text (F101)', () => {
    const deep = '['.repeat(200_000) + ']'.repeat(200_000);
    expect(depthOf(deep)).toBe(200_000);
    expect(thrown(() => decodeClientFrame(deep))).toMatchObject({ message: 'nested deeper than 8' });
    expect(depthOf(JSON.stringify({ a: '[[[[{{{{\\"[[[[', b: ['"]'] }))).toBe(2);
  });

  it('a refusal names the id of the refused request, if any', () => {
    const error = thrown(() => decodeClientFrame('{"type":"fetch","id":12,"wants":[]}'));
    expect(error).toBeInstanceOf(BadFrame);
    expect(error).toMatchObject({ code: 'protocol/bad-frame', requestId: 12 });
  });

  it('an entry of an unknown kind with a key is accepted: the server judges entries one by one', () => {
    const text = '{"type":"submit","id":1,"entries":[{"key":"k","kind":"later","anything":[1]}]}';
    expect(decodeClientFrame(text)).toMatchObject({ entries: [{ key: 'k', kind: 'later', anything: [1] }] });
  });

  it('decoding changes no prototype', () => {
    thrown(() => decodeClientFrame('{"type":"ping","__proto__":{"isAdmin":true}}'));
    expect('isAdmin' in {}).toBe(false);
  });

  it('the codec checks frames of a server as strictly (F106)', () => {
    const pong = '{"type":"pong"}';
    expect(decodeServerFrame(pong)).toEqual({ type: 'pong' });
    expect(
      thrown(() => decodeServerFrame('{"type":"changes","from":null,"to":"","rows":[],"messages":[],"steps":[],"complete":true}')),
    ).toBeInstanceOf(ProtocolError);
    expect(thrown(() => decodeServerFrame('<html>sign in</html>'))).toBeInstanceOf(ProtocolError);
  });

  it('a frame of a server is refused with an inherited key or deep nesting at any place that the schemas know (F101, F103)', () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    const flag = (more = ''): string => `{"count":0,"value":false${more}}`;
    const settings = (more = ''): string => `{"version":0,"deliveryReceipts":${flag(more)},"readReceipts":${flag()}}`;
    const changes = (more: string, account = settings(), from = 'null'): string =>
      `{"type":"changes","from":${from},"to":"1","rows":[],"messages":[],"steps":[],"account":${account},"complete":true${more}}`;
    expect(decodeServerFrame(changes(''))).toMatchObject({ type: 'changes' });
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(thrown(() => decodeServerFrame(changes(`,"${key}":{}`)))).toBeInstanceOf(ProtocolError);
      expect(thrown(() => decodeServerFrame(changes('', settings(`,"${key}":{}`))))).toBeInstanceOf(ProtocolError);
    }
    for (const frame of [deep, changes('', deep), changes(`,"more":${deep}`), changes('', settings(), deep)])
      expect(thrown(() => decodeServerFrame(frame))).toBeInstanceOf(ProtocolError);
  });

  it('the codec reads a request over HTTP as an array', () => {
    expect(decodeClientFrames('[{"type":"ping"},{"type":"ping"}]')).toHaveLength(2);
    expect(thrown(() => decodeClientFrames('{"type":"ping"}'))).toBeInstanceOf(ProtocolError);
    expect(thrown(() => decodeClientFrames('[{"type":"ping"},{"type":"pong"}]'))).toBeInstanceOf(ProtocolError);
  });
});

describe('a push', () => {
  const push: PushFrame = {
    type: 'push',
    userId: 'alice',
    conversationId: 'direct:bob',
    message: { id: 'm', seq: 1, senderId: 'bob', sentAt: 1, receiptRequested: true, countable: true },
  };

  it('a push is at most 3 KiB long, for any ids', () => {
    const long = '"'.repeat(128);
    const longest: PushFrame = {
      ...push,
      userId: long,
      conversationId: `direct:${long}`,
      muted: false,
      totalUnreadCount: Number.MAX_SAFE_INTEGER,
      message: { ...push.message, id: long, senderId: long, seq: Number.MAX_SAFE_INTEGER, sentAt: Number.MAX_SAFE_INTEGER },
    };
    expect(encodeFrame(longest).length).toBeLessThanOrEqual(MAX_PUSH_BYTES);
    expect(decodePush(encodeFrame(longest))).toEqual(longest);
  });

  it.each([
    ['not JSON', 'new message!'],
    ['a push of another service', '{"title":"new message"}'],
    ['a frame', '{"type":"ping"}'],
    [
      'a declarative push of another service',
      '{"web_push":8030,"notification":{"title":"new message","navigate":"https://elsewhere.example/"}}',
    ],
    ['a message without a seq', JSON.stringify({ ...push, message: { ...push.message, seq: 0 } })],
    ['more than 3 KiB', `${encodeFrame(push)}${' '.repeat(MAX_PUSH_BYTES)}`],
  ])('the codec refuses %s as a push', (_what, text) => {
    expect(thrown(() => decodePush(text))).toBeInstanceOf(ProtocolError);
  });

  it('a push of a newer server is read without its unknown keys, because a push without a notification costs the subscription (F131)', () => {
    const newer = { ...push, later: 1, message: { ...push.message, body: '"secret"' } };
    expect(decodePush(JSON.stringify(newer))).toEqual(push);
  });
});
