/** The outbox in front of the vendors' own SDKs, in Chromium. `npm run compare` plays every scenario. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Site } from '../compare/device.ts';
import { BEHIND_OUTBOX, run } from '../compare/scenarios.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.serve();
});
afterAll(() => site.close());

describe.each(['easemob-websdk-outbox', 'stream-chat-outbox', 'matrix-js-sdk-outbox'])('%s', (contestant) => {
  it.each(['500 reads offline, killed, started again', 'the same, and one conversation is answered 403'] as const)(
    '%s: the requests and positions of the outbox’s promise',
    async (scenario) => {
      expect(await run(site, contestant, scenario)).toMatchObject(BEHIND_OUTBOX[scenario]);
    },
  );
});
