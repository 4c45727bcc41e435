/** A step of the bench: a contestant runs a workload in a fresh browser. */
import type { Amount } from '../data/feed.ts';
import { type BrowserName, openBrowser } from './browser.ts';
import type { BenchServer } from './server.ts';
import type { Answer } from './site.ts';

export interface StepJob {
  readonly site: string;
  readonly browser: BrowserName;
  readonly profile: string;
  readonly workload: string;
  readonly contestant: string;
  readonly amount: Amount;
  readonly effort: number;
  readonly server: BenchServer | undefined;
  readonly fromNavigation: boolean;
  readonly withinMs: number;
  /** The page stays open for so long after its result, as a user's page does: stores use the time to tidy up. */
  readonly stayMs: number;
}

export interface StepDone {
  readonly values: Readonly<Record<string, number>>;
  readonly browser: string;
}

type News = { readonly values: Readonly<Record<string, number>> } | { readonly failed: string };

/** Answers the calls of the page of the running step. */
export class Steps {
  private handle: Answer = () => Promise.reject(new Error('no step runs'));

  readonly answer: Answer = (path, body) => this.handle(path, body);

  /** @throws {Error} if the contestant fails, counts wrong, or takes too long. */
  async run(job: StepJob): Promise<StepDone> {
    const browser = await openBrowser(job.browser, job.profile);
    try {
      let began = { cpu: 0, main: 0 };
      let ended = { cpu: NaN, main: NaN };
      const read = async (): Promise<{ cpu: number; main: number }> => ({ cpu: browser.cpuMs(), main: await browser.mainMs() });
      const news = new Promise<News>((resolve) => {
        this.handle = async (path, body) => {
          switch (path) {
            case 'meter/begin':
              began = await read();
              return;
            case 'meter/end':
              ended = await read();
              return;
            case 'server/backlog':
              return job.server?.backlog(body as Amount);
            case 'server/live':
              return job.server?.live(body as Amount & { perSecond: number; seconds: number });
            case 'result':
              if (job.fromNavigation) ended = await read();
              return resolve(body as News);
            default:
              throw new Error(`no such call: ${path}`);
          }
        };
      });
      if (job.fromNavigation) began = await read();
      const query = new URLSearchParams({
        workload: job.workload,
        contestant: job.contestant,
        messages: String(job.amount.messages),
        conversations: String(job.amount.conversations),
        effort: String(job.effort),
        url: job.server?.url ?? '',
      });
      await browser.goTo(`${job.site}?${query.toString()}`);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<News>((resolve) => {
        timer = setTimeout(() => resolve({ failed: `no result within ${job.withinMs / 1000} s` }), job.withinMs);
      });
      const outcome = await Promise.race([news, late]).finally(() => clearTimeout(timer));
      if ('failed' in outcome) throw new Error(outcome.failed);
      await new Promise((resolve) => setTimeout(resolve, job.stayMs));
      const busy = { cpuMs: ended.cpu - began.cpu, mainMs: ended.main - began.main };
      const known = Object.entries({ ...outcome.values, ...busy }).filter(([, value]) => !Number.isNaN(value));
      return { values: Object.fromEntries(known), browser: browser.version };
    } finally {
      this.handle = () => Promise.reject(new Error('no step runs'));
      await browser.close();
    }
  }
}
