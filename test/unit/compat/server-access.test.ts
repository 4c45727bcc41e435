/** An app that has changed its import only. */
import { describe, expect, it } from 'vitest';
import { EMOptions } from '../../../src/compat/easemob-flutter/easemob-flutter.ts';
import websdk from '../../../src/compat/easemob/easemob.ts';
import TencentCloudChat from '../../../src/compat/tencent/tencent.ts';
import { ZIM } from '../../../src/compat/zim/zim.ts';

const STARTS = {
  'Easemob Web': (access: unknown) => new websdk.connection({ appKey: 'org#app' }, access as never),
  'Easemob Flutter': (access: unknown) => new EMOptions({ appKey: 'org#app' }, access as never),
  'Tencent Chat': (access: unknown) => TencentCloudChat.create({ SDKAppID: 7 }, access as never),
  ZIM: (access: unknown) => ZIM.create({ appID: 7 }, access as never),
};

describe.each(Object.entries(STARTS))('the facade of %s', (_vendor, start) => {
  it('says at once that it has no server or an unknown option, and starts when it has a server (F126)', () => {
    for (const access of [undefined, {}]) expect(() => start(access)).toThrow('No receipt server: give { url }');
    expect(() => start({ url: 'wss://chat.example/receipts', gettoken: 1 })).toThrow('Unknown option gettoken');
    expect(start({ url: 'wss://chat.example/receipts' })).not.toBeNull();
  });
});
