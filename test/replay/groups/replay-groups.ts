/**
 * Plays traffic as groups with the real server: the person with the most messages is a browser with a second device.
 * Then all is compared with the recount.
 */
import { ServedReceipts } from '../../support/serve.ts';
import { Chance } from '../chance.ts';
import { Door } from '../door.ts';
import type { Progress } from '../progress.ts';
import { serveSite, type Site } from '../site.ts';
import { type Comparison, Tally } from '../tally.ts';
import { busiestSpeaker, readTraffic } from '../traffic.ts';
import { BrowserMember } from './browser-member.ts';
import { compareBrowser } from './compare-browser.ts';
import { compareMembers } from './compare-members.ts';
import { compareReceipts } from './compare-receipts.ts';
import { GroupPlay } from './play.ts';
import { Recount } from './recount.ts';

export interface GroupReplayOptions {
  readonly file: string;
  /** Only the first channel-days, this many. */
  readonly days?: number;
  readonly seed?: number;
  /** Messages of larger groups request no receipts. Default 500. */
  readonly maxMembers?: number;
  /** Called now and then during the replay. */
  readonly progress?: (progress: Progress) => void;
  /** Called now and then during the comparison. */
  readonly comparing?: (what: string, done: number, of: number) => void;
}

export interface ReplayedGroups {
  readonly busiest: string;
  readonly people: number;
  readonly groups: number;
  readonly messages: number;
  /** Messages accepted with a receipt request. */
  readonly asking: number;
  readonly kills: number;
  readonly cuts: number;
  readonly playedMs: number;
  readonly comparedMs: number;
  readonly comparisons: readonly Comparison[];
}

/** Plays and compares. @throws {Error} if the traffic could not be played to its end. */
export const replayGroups = async ({
  file,
  days,
  seed = 1,
  maxMembers = 500,
  progress = () => undefined,
  comparing = () => undefined,
}: GroupReplayOptions): Promise<ReplayedGroups> => {
  const lines = readTraffic(file, days);
  const busiest = busiestSpeaker(lines);
  if (busiest === undefined) throw new Error(`${file}: no line has a text`);
  let site: Site | undefined;
  let server: ServedReceipts | undefined;
  let browser: BrowserMember | undefined;
  let play: GroupPlay | undefined;
  try {
    site = await serveSite();
    server = await ServedReceipts.start(['--allow-origin', new URL(site.address).origin]);
    await server.setPolicy({ receipts: { groups: true, maxMembers } });
    const door = new Door(server);
    browser = await BrowserMember.start(busiest, door, site.address, new Chance(seed + 1));
    play = new GroupPlay(lines, browser, door, seed);
    const began = performance.now();
    await play.run(progress);
    const played = performance.now();

    const recount = new Recount(lines, maxMembers);
    const tally = new Tally();
    comparing('the browser', 0, 1);
    await compareBrowser(tally, recount, browser);
    await compareMembers(tally, recount, door, play.people, (done, of) => comparing('members', done, of));
    await compareReceipts(tally, recount, door, (done, of) => comparing('receipts', done, of));
    const { kills, cuts } = browser.phone;
    return {
      busiest,
      people: recount.people().length,
      groups: recount.groups.size,
      messages: recount.messages(),
      asking: [...recount.groups.values()].reduce((sum, group) => sum + group.asking().length, 0),
      kills,
      cuts,
      playedMs: played - began,
      comparedMs: performance.now() - played,
      comparisons: tally.comparisons,
    };
  } finally {
    play?.close();
    await browser?.close();
    await server?.remove();
    await site?.close();
  }
};
