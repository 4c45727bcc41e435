/** What happens to the reads of a user, and what reached the server in the end. */
import { setFrozen } from '../support/real-browser.ts';
import type { Judgement } from './backend.ts';
import { Device, type Site, sleep } from './device.ts';
import { CONVERSATIONS as CHATS, LAST_MESSAGE, PER_CONVERSATION, type Read } from './page/contestant.ts';

export const CONVERSATIONS = CHATS.length;
const OFFLINE_MS = 110_000;
const STEP_MS = 1000;

export interface Outcome {
  /** Requests with receipts that reached the server. */
  readonly requests: number;
  /** Conversations with the right read position. */
  readonly right: number;
  /** Receipts of single messages. */
  readonly receipts: number;
}

/** Message after message, as a user who looks through the conversations one after another. */
const reads = (conversations: readonly string[] = CHATS): Read[] =>
  conversations.flatMap((conversation) =>
    Array.from({ length: PER_CONVERSATION }, (_, m) => ({ conversation, id: `m${m}`, order: m + 1 })),
  );

const half = (rest: number): string[] => CHATS.filter((_, c) => c % 2 === rest);

const outcome = ({ backend }: Device): Outcome => ({
  requests: backend.requests,
  right: [...backend.positions.values()].filter((position) => position === LAST_MESSAGE).length,
  receipts: backend.messages.size,
});

/** The first request of each conversation gets this judgement. */
const firstOfEach = (judgement: Judgement) => {
  const seen = new Set<string>();
  return (chat: string): Judgement => {
    if (seen.has(chat)) return 'takes';
    seen.add(chat);
    return judgement;
  };
};

/** A tab that is connected, and then offline. */
const openAndLeave = async (device: Device, isVirtual = false) => {
  const page = await device.open(isVirtual);
  await device.untilConnected(page);
  await device.goOffline();
  device.backend.forget();
  return page;
};

/** The pages end like in a crash, start again without a server, and find the server again a moment later. */
const restart = async (device: Device, tabs = 1): Promise<void> => {
  await device.killPages();
  await device.loadPagesOnly();
  for (let i = 0; i < tabs; i++) await device.open();
  await sleep(500);
  await device.goOnline();
  for (const page of device.pages) await device.untilConnected(page);
  await device.untilQuiet();
};

export const SCENARIOS = {
  '500 reads offline, killed, started again': async (device) => {
    await device.read(await openAndLeave(device), reads());
    await restart(device);
  },
  'the same, and every conversation’s first request is answered 503': async (device) => {
    await device.read(await openAndLeave(device), reads());
    device.backend.judge = firstOfEach(503);
    await restart(device);
  },
  'the same, and one conversation is answered 403': async (device) => {
    await device.read(await openAndLeave(device), reads());
    device.backend.judge = (chat) => (chat === CHATS[3] ? 403 : 'takes');
    await restart(device);
  },
  'the same, and every conversation’s first answer is lost': async (device) => {
    await device.read(await openAndLeave(device), reads());
    device.backend.judge = firstOfEach('loses-answer');
    await restart(device);
  },
  'two tabs read, both killed, both started again': async (device) => {
    const first = await device.open();
    const second = await device.open();
    for (const page of [first, second]) await device.untilConnected(page);
    await device.goOffline();
    device.backend.forget();
    await Promise.all([device.read(first, reads(half(0))), device.read(second, reads(half(1)))]);
    await restart(device, 2);
  },
  'the first of two tabs is frozen, the second reads': async (device) => {
    const first = await device.open();
    await device.untilConnected(first);
    const second = await device.open();
    await device.untilConnected(second);
    await second.bringToFront();
    await setFrozen(first, true);
    await device.goOffline();
    device.backend.forget();
    await device.read(second, reads());
    device.backend.heal();
    await device.loadPagesOnly();
    await device.untilConnected(second);
    await device.untilQuiet();
    await setFrozen(first, false);
    await device.untilQuiet();
  },
  '110 s offline in an open page': async (device) => {
    const page = await openAndLeave(device, true);
    // The page's clock: the SDK's and the outbox's timers go off as in 110 s, within a few seconds.
    const reading = device.read(page, reads());
    for (let ms = 0; ms < OFFLINE_MS; ms += STEP_MS) {
      await page.clock.runFor(STEP_MS);
      await sleep(10);
    }
    await reading;
    await device.goOnline();
    for (let ms = 0; ms < OFFLINE_MS; ms += STEP_MS) {
      await page.clock.runFor(STEP_MS);
      await sleep(50);
    }
  },
} satisfies Record<string, (device: Device) => Promise<void>>;

export type Scenario = keyof typeof SCENARIOS;

const ALL = { right: CONVERSATIONS };

/** What an SDK behind the outbox has in the end. */
export const BEHIND_OUTBOX: Readonly<Record<Scenario, Partial<Outcome>>> = {
  '500 reads offline, killed, started again': { ...ALL, requests: CONVERSATIONS },
  'the same, and every conversation’s first request is answered 503': { ...ALL, requests: 2 * CONVERSATIONS },
  'the same, and one conversation is answered 403': { right: CONVERSATIONS - 1, requests: CONVERSATIONS },
  'the same, and every conversation’s first answer is lost': { ...ALL, requests: 2 * CONVERSATIONS },
  'two tabs read, both killed, both started again': { ...ALL, requests: CONVERSATIONS },
  'the first of two tabs is frozen, the second reads': ALL,
  '110 s offline in an open page': ALL,
};

export const run = async (site: Site, contestant: string, scenario: Scenario): Promise<Outcome> => {
  const device = await Device.start(site, contestant);
  try {
    await SCENARIOS[scenario](device);
    return outcome(device);
  } finally {
    await device.remove();
  }
};
