/** The outbox in front of the real `stream-chat` and `matrix-js-sdk`, in Chromium, with stand-ins for their servers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Site } from '../compare/device.ts';
import { CONVERSATIONS, run } from '../compare/scenarios.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.serve();
});
afterAll(() => site.close());

const ALL = { right: CONVERSATIONS };

describe.each(['stream-chat-outbox', 'matrix-js-sdk-outbox'])('%s', (contestant) => {
  it('500 offline reads in 20 conversations are 20 requests after a crash, and every position is right', async () => {
    const found = await run(site, contestant, '500 reads offline, killed, started again');
    expect(found).toMatchObject({ ...ALL, requests: CONVERSATIONS });
  });

  it('a 503 costs a request more, and no position', async () => {
    const found = await run(site, contestant, 'the same, and every conversation’s first request is answered 503');
    expect(found).toMatchObject({ ...ALL, requests: 2 * CONVERSATIONS });
  });

  it('a conversation with a 403 is given up, and the others are right', async () => {
    const found = await run(site, contestant, 'the same, and one conversation is answered 403');
    expect(found).toMatchObject({ right: CONVERSATIONS - 1, requests: CONVERSATIONS });
  });

  it('a lost answer costs a request more, and no position', async () => {
    const found = await run(site, contestant, 'the same, and every conversation’s first answer is lost');
    expect(found).toMatchObject({ ...ALL, requests: 2 * CONVERSATIONS });
  });

  it('one of two tabs sends the reads of both', async () => {
    const found = await run(site, contestant, 'two tabs read, both killed, both started again');
    expect(found).toMatchObject({ ...ALL, requests: CONVERSATIONS });
  });

  it('a tab sends its reads while the leading tab is frozen', async () => {
    expect(await run(site, contestant, 'the first of two tabs is frozen, the second reads')).toMatchObject(ALL);
  });

  it('after 110 s offline in an open page, every position is right', async () => {
    expect(await run(site, contestant, '110 s offline in an open page')).toMatchObject(ALL);
  });
});
