/** Runs the steps of a store size: keeps each contestant's filled profile, with its server, for the steps on a filled store. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { entryOf } from '../contestants/list.ts';
import type { Amount } from '../data/feed.ts';
import { median } from '../judge/arithmetic.ts';
import type { BenchOptions } from '../options.ts';
import type { Planned } from '../plan.ts';
import { BenchServer } from './server.ts';
import type { StepDone, Steps } from './step.ts';

interface Profile {
  readonly folder: string;
  readonly server: BenchServer | undefined;
}

const STAY_MS = 3000;
const BASE_MS = 180_000;
/** The slowest store takes a fifth of this for a message. */
const MS_PER_MESSAGE = 3;

const remove = async ({ folder, server }: Profile): Promise<void> => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
};

export class SizeRunner {
  private readonly filled = new Map<string, Profile>();
  /** Contestants whose fill failed, and why: it would fail again, after minutes. */
  private readonly broken = new Map<string, string>();

  constructor(
    private readonly steps: Steps,
    private readonly site: string,
    private readonly options: BenchOptions,
  ) {}

  /** @throws {Error} if the contestant fails or counts wrong. */
  async run({ workload, amount, contestant }: Planned): Promise<StepDone> {
    const isFilled = workload.profile === 'filled' || (workload.profile === 'receipts' && entryOf(contestant).hasServer === true);
    if (isFilled) {
      const profile = this.filled.get(contestant) ?? (await this.fill(contestant, amount));
      return this.repeat(profile, { workload, amount, contestant }, 0);
    }
    if (workload.id === 'W1') {
      await this.forget(contestant);
      return this.keepFilled(contestant, (profile) => this.repeat(profile, { workload, amount, contestant }, STAY_MS));
    }
    const profile = await this.newProfile(contestant);
    try {
      return await this.repeat(profile, { workload, amount, contestant }, 0);
    } finally {
      await remove(profile);
    }
  }

  async end(): Promise<void> {
    for (const contestant of [...this.filled.keys()]) await this.forget(contestant);
  }

  private async fill(contestant: string, amount: Amount): Promise<Profile> {
    await this.keepFilled(contestant, (profile) => this.once(profile, 'W1', contestant, amount, false, STAY_MS));
    return this.filled.get(contestant)!;
  }

  private async keepFilled<T>(contestant: string, fill: (profile: Profile) => Promise<T>): Promise<T> {
    const why = this.broken.get(contestant);
    if (why !== undefined) throw new Error(`no store to run on: ${why}`);
    const profile = await this.newProfile(contestant);
    try {
      const done = await fill(profile);
      this.filled.set(contestant, profile);
      return done;
    } catch (error) {
      this.broken.set(contestant, String(error));
      await remove(profile);
      throw error;
    }
  }

  private async forget(contestant: string): Promise<void> {
    const profile = this.filled.get(contestant);
    this.filled.delete(contestant);
    if (profile) await remove(profile);
  }

  private async newProfile(contestant: string): Promise<Profile> {
    const folder = await mkdtemp(join(tmpdir(), 'tidemark-bench-profile-'));
    const origin = new URL(this.site).origin;
    const server = entryOf(contestant).hasServer ? await BenchServer.start(this.options.server, folder, origin) : undefined;
    return { folder, server };
  }

  private async repeat(profile: Profile, { workload, amount, contestant }: Planned, stayMs: number): Promise<StepDone> {
    const all: StepDone[] = [];
    for (let i = 0; i < (workload.repeats ?? 1); i++)
      all.push(await this.once(profile, workload.id, contestant, amount, workload.fromNavigation === true, stayMs));
    const names = Object.keys(all[0]!.values);
    const values = Object.fromEntries(names.map((name) => [name, median(all.map((one) => one.values[name]!))]));
    return { values, browser: all[0]!.browser };
  }

  private once(
    { folder, server }: Profile,
    workload: string,
    contestant: string,
    amount: Amount,
    fromNavigation: boolean,
    stayMs: number,
  ): Promise<StepDone> {
    const { browser, effort } = this.options;
    const withinMs = BASE_MS + amount.messages * MS_PER_MESSAGE;
    const job = { site: this.site, browser, profile: join(folder, 'profile'), workload, contestant, amount, effort, server };
    return this.steps.run({ ...job, fromNavigation, withinMs, stayMs });
  }
}
